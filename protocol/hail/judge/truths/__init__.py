"""What really happened in the sessions of each agent: one module per agent's format, and what they share."""

from . import aider, claude_code, cline, codex, copilot, copilot_cli, crush, cursor, factory_droid, gemini, goose, kimi
from . import opencode, pi, qwen_code

# An agent's id -> what reads the path of a session of it; of a session in a file with several, the path ends in `#ID`.
READERS = {
    "aider": aider.aider,
    "claude-code": claude_code.claude_code,
    "cline": cline.cline,
    "codex": codex.codex,
    "copilot": copilot.copilot,
    "copilot-cli": copilot_cli.copilot_cli,
    "crush": crush.crush,
    "cursor": cursor.cursor,
    "factory-droid": factory_droid.factory_droid,
    "gemini": gemini.gemini,
    "goose": goose.goose,
    "kilo": opencode.opencode,
    "kilo-code": cline.cline,
    "kimi": kimi.kimi,
    "openclaw": pi.pi,
    "opencode": opencode.opencode,
    "pi": pi.pi,
    "qwen-code": qwen_code.qwen_code,
    "roo-code": cline.cline,
}
