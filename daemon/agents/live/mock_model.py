#!/usr/bin/env python3
"""A model that follows a script, on loopback: OpenAI chat completions and responses, Anthropic messages, Gemini
generateContent, streamed or not.

To each turn of the user it answers with the planned tool calls, one a request, chosen from the tools that the client
offers and filled by their schemas, and then with a closing text.

usage: mock_model.py PORT [--plan shell,write,read] [--arguments JSON] [--command CMD] [--final TEXT] [--delay SECONDS] [--dir FOLDER]
                     [--log FILE]
"""
import argparse
import gzip
import json
import re
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("--plan", default="shell,write,read", help="kinds of tools to call, in order")
parser.add_argument("--arguments", default="{}", type=json.loads,
                    help="arguments by tool, for kinds of the plan that are the names of an MCP server's tools")
parser.add_argument("--command", default="echo ready", help="what the shell tool is asked to run")
parser.add_argument("--final", default="Done: the file is written and checked.")
parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
parser.add_argument("--dir", default=".", help="the folder that files are written into")
parser.add_argument("--log", help="a file to which each request is appended, a line of JSON: its path and its body")
options = parser.parse_args()

PLAN = [kind for kind in options.plan.split(",") if kind]
NAMES = {
    "shell": ["shell_command", "shell", "local_shell", "exec_command", "Bash", "bash", "run_shell_command",
              "execute_command", "Shell", "run_commands", "run_command"],
    "write": ["Write", "write", "write_file", "write_to_file", "create_file", "editor", "text_editor", "create"],
    "read": ["Read", "read", "read_file", "view", "view_file", "read_files"],
}
FILE = options.dir.rstrip("/") + "/notes.txt"
LOG = threading.Lock()
TEXT = "first line\nsecond line\n"
PATHS = ("file_path", "filePath", "path", "absolute_path", "filepath")
CONTENTS = ("content", "contents", "file_text", "fileText", "new_text")


def type_of(schema):
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    return str(kind).lower() if kind else None


def arguments_for(kind, schema):
    """Arguments for a tool of that kind, as its schema wants them."""
    schema = schema or {}
    required = schema.get("required", [])
    arguments = {}
    for name, wanted in schema.get("properties", {}).items():
        wanted_type = type_of(wanted)
        if name in ("command", "cmd") and kind == "shell":
            arguments[name] = ["bash", "-lc", options.command] if wanted_type == "array" else options.command
        elif name == "commands" and kind == "shell":
            arguments[name] = [options.command]
        elif name == "command" and wanted.get("enum"):
            writes = "create" if "create" in wanted["enum"] else "write"
            arguments[name] = {"write": writes, "read": "view"}.get(kind, wanted["enum"][0])
        elif name in PATHS:
            arguments[name] = FILE
        elif name in CONTENTS:
            arguments[name] = TEXT
        elif name in ("files", "paths", "file_paths") and wanted_type == "array":
            items = wanted.get("items") or {}
            arguments[name] = [arguments_for(kind, items) if items.get("type") == "object" else FILE]
        elif name in required:
            plain = {"string": "a step", "integer": 10000, "number": 10000, "boolean": False, "array": [], "object": {}}
            arguments[name] = wanted["enum"][0] if wanted.get("enum") else plain.get(wanted_type, "x")
    return arguments


def next_call(done, tools):
    """Name and arguments of the next planned call; None when the plan is done or there are no tools."""
    waiting = PLAN[done:]
    if not waiting or not tools:
        return None
    if waiting[0] not in NAMES:
        # Clients put the server's name before the tool's: `mcp__server__tool`, `server_tool`.
        named = [offered for offered in tools if ("_" + offered).endswith("_" + waiting[0])]
        return (named[0], options.arguments.get(waiting[0], {})) if named else None
    # A client without such a tool is asked to run the command once more, so that the number of steps stays the same.
    for kind in (waiting[0], "shell"):
        for name in NAMES[kind]:
            for offered in tools:
                if offered == name or offered.lower().endswith("__" + name.lower()):
                    return offered, arguments_for(kind, tools[offered])
    return None


def identifier(prefix):
    return prefix + uuid.uuid4().hex[:24]


def words(text):
    return re.findall(r"\S+\s*|\s+", text)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, value, status=200):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, events, named=True):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for event in events:
            name = f"event: {event['type']}\n" if named and isinstance(event, dict) and "type" in event else ""
            data = event if isinstance(event, str) else json.dumps(event)
            self.wfile.write(f"{name}data: {data}\n\n".encode())
            self.wfile.flush()
        self.close_connection = True

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_GET(self):
        model = {"id": "mock-1", "object": "model", "owned_by": "mock"}
        self.answer({"object": "list", "data": [model], "models": []} if "models" in self.path else {})

    def body(self):
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            raw = b""
            while size := int(self.rfile.readline().strip() or b"0", 16):
                raw += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            raw = self.rfile.read(int(self.headers.get("content-length", 0) or 0))
        if self.headers.get("content-encoding") == "gzip":
            raw = gzip.decompress(raw)
        try:
            return json.loads(raw or b"{}")
        except ValueError:
            return {}

    def do_POST(self):
        if self.headers.get("content-encoding") == "zstd":
            return self.answer({"error": "send it plain"}, 415)
        request = self.body()
        path = self.path.split("?")[0]
        if options.log:
            with LOG, open(options.log, "a", encoding="utf-8") as log:
                log.write(json.dumps({"path": path, "body": request}) + "\n")
        if path.endswith("/count_tokens"):
            return self.answer({"input_tokens": 42})
        if path.endswith(":countTokens"):
            return self.answer({"totalTokens": 42})
        time.sleep(options.delay)
        if path.endswith("/chat/completions"):
            return self.openai_chat(request)
        if path.endswith("/responses"):
            return self.openai_responses(request)
        if path.endswith("/messages"):
            return self.anthropic_messages(request)
        if "enerateContent" in path:
            return self.gemini_content(request, "stream" in path)
        return self.answer({})

    def openai_chat(self, request):
        """OpenAI's chat completions."""
        messages, done = request.get("messages", []), 0
        for message in reversed(messages):
            if message["role"] == "user":
                break
            done += message["role"] == "tool"
        offered = [tool["function"] for tool in request.get("tools") or [] if "function" in tool]
        tools = {tool["name"]: tool.get("parameters", {}) for tool in offered}
        call = next_call(done, tools)
        text = f"Step {done}." if call else options.final
        if not tools and "SEARCH/REPLACE" in json.dumps(messages):
            text = f"Creating it.\n\nnotes.txt\n```\n<<<<<<< SEARCH\n=======\n{TEXT}>>>>>>> REPLACE\n```\n"
        message = {"role": "assistant", "content": text}
        if call:
            function = {"name": call[0], "arguments": json.dumps(call[1])}
            message["tool_calls"] = [{"index": 0, "id": identifier("call_"), "type": "function", "function": function}]
        finish = "tool_calls" if call else "stop"
        usage = {"prompt_tokens": 1000 + 10 * done, "completion_tokens": 20, "total_tokens": 1020 + 10 * done}
        base = {"id": identifier("chatcmpl-"), "created": int(time.time()), "model": request.get("model", "mock-1")}
        if not request.get("stream"):
            choice = {"index": 0, "message": message, "finish_reason": finish}
            return self.answer({**base, "object": "chat.completion", "choices": [choice], "usage": usage})

        def chunk(delta, finish=None):
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            return {**base, "object": "chat.completion.chunk", "choices": [choice]}

        events = [chunk({"role": "assistant", "content": ""})]
        events += [chunk({"content": word}) for word in words(text)]
        if call:
            events.append(chunk({"tool_calls": message["tool_calls"]}))
        events.append(chunk({}, finish))
        events.append({**base, "object": "chat.completion.chunk", "choices": [], "usage": usage})
        return self.stream(events + ["[DONE]"], named=False)

    def openai_responses(self, request):
        """OpenAI's responses."""
        items, done = request.get("input", []), 0
        for item in reversed(items if isinstance(items, list) else []):
            if item.get("role") == "user":
                break
            done += str(item.get("type", "")).endswith("_call_output")
        tools, spaces = {}, {}
        for tool in request.get("tools") or []:
            # An MCP server's tools come in a namespace, and are called in it.
            for inner in tool.get("tools") or [tool]:
                name = inner.get("name", inner.get("type"))
                offered = f"{tool['name']}__{name}" if inner is not tool else name
                tools[offered] = inner.get("parameters", {})
                spaces[offered] = {"namespace": tool["name"], "name": name} if inner is not tool else {"name": name}
        call = next_call(done, tools)
        base = {"id": identifier("resp_"), "object": "response", "created_at": int(time.time()),
                "model": request.get("model"), "status": "in_progress", "output": []}
        output = [{"type": "reasoning", "id": identifier("rs_"), "encrypted_content": "bW9jaw==",
                   "summary": [{"type": "summary_text", "text": f"**Planning step {done}**"}]}]
        if call:
            output.append({"type": "function_call", "id": identifier("fc_"), "call_id": identifier("call_"),
                           **spaces[call[0]], "arguments": json.dumps(call[1]), "status": "completed"})
        else:
            content = [{"type": "output_text", "text": options.final, "annotations": []}]
            output.append({"type": "message", "id": identifier("msg_"), "role": "assistant", "status": "completed",
                           "content": content})
        usage = {"input_tokens": 1000 + 10 * done, "input_tokens_details": {"cached_tokens": 100},
                 "output_tokens": 20, "output_tokens_details": {"reasoning_tokens": 5},
                 "total_tokens": 1020 + 10 * done}
        completed = {**base, "status": "completed", "output": output, "usage": usage}
        if not request.get("stream"):
            return self.answer(completed)
        events = [{"type": "response.created", "response": base}]
        for index, item in enumerate(output):
            place = {"output_index": index, "item_id": item["id"]}
            empty = {"message": {"content": []}, "function_call": {"arguments": ""}, "reasoning": {"summary": []}}
            added = {**item, "status": "in_progress", **empty[item["type"]]}
            events.append({"type": "response.output_item.added", "output_index": index, "item": added})
            if item["type"] == "message":
                part = {"type": "output_text", "text": "", "annotations": []}
                events.append({"type": "response.content_part.added", **place, "content_index": 0, "part": part})
                for word in words(options.final):
                    events.append({"type": "response.output_text.delta", **place, "content_index": 0, "delta": word})
                events.append({"type": "response.output_text.done", **place, "content_index": 0, "text": options.final})
            if item["type"] == "function_call":
                given = item["arguments"]
                events.append({"type": "response.function_call_arguments.delta", **place, "delta": given})
                events.append({"type": "response.function_call_arguments.done", **place, "arguments": given})
            events.append({"type": "response.output_item.done", "output_index": index, "item": item})
        events.append({"type": "response.completed", "response": completed})
        for number, event in enumerate(events):
            event["sequence_number"] = number
        return self.stream(events)

    def anthropic_messages(self, request):
        """Anthropic's messages."""
        done = 0
        for message in reversed(request.get("messages", [])):
            if message["role"] == "assistant":
                continue
            content = message["content"] if isinstance(message["content"], list) else []
            results = [part for part in content if isinstance(part, dict) and part.get("type") == "tool_result"]
            if not results:
                break
            done += len(results)
        tools = {tool["name"]: tool.get("input_schema", {}) for tool in request.get("tools") or [] if "name" in tool}
        call = next_call(done, tools)
        blocks = [{"type": "text", "text": f"Step {done}." if call else options.final}]
        if call:
            blocks.append({"type": "tool_use", "id": identifier("toolu_"), "name": call[0], "input": call[1]})
        usage = {"input_tokens": 1000 + 10 * done, "output_tokens": 20, "cache_creation_input_tokens": 7,
                 "cache_read_input_tokens": 100}
        message = {"id": identifier("msg_"), "type": "message", "role": "assistant", "content": blocks,
                   "model": request.get("model", "mock-1"), "stop_reason": "tool_use" if call else "end_turn",
                   "stop_sequence": None, "usage": usage}
        if not request.get("stream"):
            return self.answer(message)
        begun = {**message, "content": [], "stop_reason": None}
        events = [{"type": "message_start", "message": begun}, {"type": "ping"}]
        for index, block in enumerate(blocks):
            is_text = block["type"] == "text"
            empty = {**block, **({"text": ""} if is_text else {"input": {}})}
            events.append({"type": "content_block_start", "index": index, "content_block": empty})
            delta = ({"type": "text_delta", "text": block["text"]} if is_text
                     else {"type": "input_json_delta", "partial_json": json.dumps(block["input"])})
            events.append({"type": "content_block_delta", "index": index, "delta": delta})
            events.append({"type": "content_block_stop", "index": index})
        ended = {"stop_reason": message["stop_reason"], "stop_sequence": None}
        events.append({"type": "message_delta", "delta": ended, "usage": {"output_tokens": 20}})
        return self.stream(events + [{"type": "message_stop"}])

    def gemini_content(self, request, streamed):
        """Gemini's generateContent."""
        done = 0
        for content in reversed(request.get("contents", [])):
            if content.get("role") == "model":
                continue
            results = [part for part in content.get("parts", []) if "functionResponse" in part]
            if not results:
                break
            done += len(results)
        declared = [tool for group in request.get("tools") or [] for tool in group.get("functionDeclarations", [])]
        tools = {tool["name"]: tool.get("parametersJsonSchema") or tool.get("parameters", {}) for tool in declared}
        call = next_call(done, tools)
        text = options.final
        config = request.get("generationConfig") or {}
        if config.get("responseMimeType") == "application/json":
            schema = config.get("responseJsonSchema") or config.get("responseSchema") or {}
            text = json.dumps(arguments_for("", {**schema, "required": list(schema.get("properties", {}))}))
        parts = [{"text": text}]
        if call:
            parts = [{"functionCall": {"id": identifier("fc_"), "name": call[0], "args": call[1]}}]
        usage = {"promptTokenCount": 1000 + 10 * done, "candidatesTokenCount": 20, "totalTokenCount": 1020 + 10 * done}
        candidate = {"index": 0, "content": {"role": "model", "parts": parts}, "finishReason": "STOP"}
        answer = {"candidates": [candidate], "modelVersion": "mock-1", "responseId": uuid.uuid4().hex,
                  "usageMetadata": usage}
        return self.stream([answer]) if streamed else self.answer(answer)


server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
server.daemon_threads = True
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
