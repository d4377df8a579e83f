"""The real agents, and how each of them is started offline."""
import json

OPENCODE = {"provider": {"mock": {"npm": "@ai-sdk/openai-compatible", "name": "mock",
            "options": {"baseURL": "{model}/v1", "apiKey": "x"}, "models": {"mock-1": {"name": "mock-1"}}}},
            "model": "mock/mock-1", "small_model": "mock/mock-1", "autoupdate": False, "share": "disabled"}
CODEX = """model = "mock-1"
model_provider = "mock"
approval_policy = "never"
sandbox_mode = "danger-full-access"
[model_providers.mock]
name = "mock"
base_url = "{model}/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
"""
PI = {"providers": {"mock": {"baseUrl": "{model}/v1", "apiKey": "x", "api": "openai-completions",
      "models": [{"id": "mock-1", "name": "mock-1", "reasoning": False, "input": ["text"], "contextWindow": 128000,
                  "maxTokens": 4096, "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0}}]}}}
GEMINI = {"security": {"auth": {"selectedType": "gemini-api-key"}}}

# Agent: its programs (the first that is there), files below its home, variables, arguments, and the id by which the
# daemon knows it where that is another one. `{model}`, `{prompt}` and `{project}` are filled in.
AGENTS = {
    "claude-code": {
        "programs": ["claude"],
        "variables": {"ANTHROPIC_BASE_URL": "{model}", "ANTHROPIC_API_KEY": "x", "IS_SANDBOX": "1",
                      "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"},
        "arguments": ["-p", "{prompt}", "--dangerously-skip-permissions"],
    },
    "codex": {
        "programs": ["codex"],
        "files": {".codex/config.toml": CODEX},
        "variables": {"OPENAI_API_KEY": "x"},
        "arguments": ["exec", "--skip-git-repo-check", "--json", "{prompt}"],
    },
    "opencode": {
        "programs": ["opencode"],
        "files": {".config/opencode/opencode.json": json.dumps(OPENCODE)},
        "variables": {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"},
        "arguments": ["run", "--format", "json", "{prompt}"],
    },
    "goose": {
        "programs": ["goose", "goose-binary-linux-x64"],
        "variables": {"GOOSE_PROVIDER": "openai", "OPENAI_HOST": "{model}", "OPENAI_API_KEY": "x",
                      "GOOSE_MODEL": "mock-1", "GOOSE_MODE": "auto", "GOOSE_DISABLE_KEYRING": "1"},
        "arguments": ["run", "--with-builtin", "developer", "-t", "{prompt}"],
    },
    "aider": {
        "programs": ["aider"],
        # It offers the model no tools: the model takes its time instead of a command.
        "plan": "", "delay": 4.0,
        "variables": {"OPENAI_API_BASE": "{model}/v1", "OPENAI_API_KEY": "x"},
        "arguments": ["--model", "openai/mock-1", "--edit-format", "diff", "--yes-always", "--no-check-update",
                      "--analytics-disable", "--no-show-model-warnings", "--message", "{prompt}"],
        "closing": "Creating it.",
    },
    "gemini-cli": {
        "id": "gemini",
        "programs": ["gemini"],
        "files": {".gemini/settings.json": json.dumps(GEMINI)},
        "variables": {"GOOGLE_GEMINI_BASE_URL": "{model}", "GEMINI_API_KEY": "x"},
        "arguments": ["--yolo", "--skip-trust", "-m", "gemini-2.5-pro", "-p", "{prompt}"],
    },
    "qwen-code": {
        "programs": ["qwen"],
        "variables": {"OPENAI_BASE_URL": "{model}/v1", "OPENAI_API_KEY": "x", "OPENAI_MODEL": "mock-1"},
        "arguments": ["--yolo", "-p", "{prompt}"],
    },
    "copilot-cli": {
        "programs": ["copilot"],
        "variables": {"COPILOT_PROVIDER_BASE_URL": "{model}/v1", "COPILOT_MODEL": "mock-1", "COPILOT_OFFLINE": "true"},
        "arguments": ["--allow-all-tools", "-p", "{prompt}"],
    },
    "cline": {
        "programs": ["cline"],
        "before": [["auth", "openai", "-k", "x", "-m", "mock-1", "-b", "{model}/v1"]],
        "arguments": ["--json", "{prompt}"],
    },
    "pi": {
        "programs": ["pi"],
        "files": {".pi/agent/models.json": json.dumps(PI)},
        "variables": {"PI_OFFLINE": "1"},
        "arguments": ["-p", "--provider", "mock", "--model", "mock-1", "{prompt}"],
    },
}
