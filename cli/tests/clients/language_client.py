#!/usr/bin/env python3
"""A language client that nobody here wrote (pygls), through `opensession lsp`: run in a home whose `app` is a repository
with a session that changed src/lock.rs, as `editors/vscode/test/real/with_daemon.mjs` makes it.
"""
import asyncio
import os

from lsprotocol import types
from pygls.lsp.client import BaseLanguageClient


async def main():
    folder = f"file://{os.environ['HOME']}/app"
    client = BaseLanguageClient("opensession-test", "1")
    await client.start_io("opensession", "lsp")
    workspace = [types.WorkspaceFolder(folder, "app")]
    answer = await client.initialize_async(
        types.InitializeParams(capabilities=types.ClientCapabilities(), workspace_folders=workspace)
    )
    assert answer.server_info.name == "opensession", answer
    client.initialized(types.InitializedParams())

    symbols = await client.workspace_symbol_async(types.WorkspaceSymbolParams("panicked"))
    assert any("panicked" in symbol.name for symbol in symbols), symbols
    assert all(symbol.location.uri.startswith("opensession://session/") for symbol in symbols), symbols

    file = types.TextDocumentIdentifier(f"{folder}/src/lock.rs")
    lenses = await client.text_document_code_lens_async(types.CodeLensParams(file))
    assert lenses[0].command.title.startswith("1 session · last: Claude Code"), lenses
    hover = await client.text_document_hover_async(types.HoverParams(file, types.Position(0, 0)))
    assert "fails one time in ten" in hover.contents.value, hover

    session = types.TextDocumentIdentifier(symbols[0].location.uri.split("#")[0])
    folds = await client.text_document_folding_range_async(types.FoldingRangeParams(session))
    outline = await client.text_document_document_symbol_async(types.DocumentSymbolParams(session))
    assert folds and outline and outline[0].detail == "#1", (folds, outline)

    command = types.ExecuteCommandParams("opensession.handoff", ["@"])
    handoff = await client.workspace_execute_command_async(command)
    assert handoff["text"].startswith("# Handoff: "), handoff
    status = await client.protocol.send_request_async("daemon/status", {})
    assert status.sessions == 2, status

    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()
    print("pygls: symbols, lens, hover, folds, outline, commands and methods are answered")


asyncio.run(main())
