"""The independent checker: re-proves a saved report by a route that shares no code with the engine (nothing here imports it)."""

from __future__ import annotations

from conslaw_cli.checker.result import Check, ReportError, Verification
from conslaw_cli.checker.verify import verify_report

__all__ = ["Check", "ReportError", "Verification", "verify_report"]
