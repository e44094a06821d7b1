# SPDX-License-Identifier: MIT
"""Writes proto-json/openrpc.json, compact, into the source of the program: `make openrpc`."""

import json
import pathlib

root = pathlib.Path(__file__).resolve().parent.parent
text = json.dumps(json.loads((root / "proto-json/openrpc.json").read_text()), separators=(",", ":"), ensure_ascii=False)
assert '"""' not in text and "\n" not in text
(root / "Sources/Accept/RequestDispatch/OpenRPCDocument.swift").write_text(
    f'''// SPDX-License-Identifier: MIT
// swift-format-ignore-file

/// `proto-json/openrpc.json`, compact. Written by `make openrpc`; a test compares the two.
enum OpenRPCDocument {{
    static let text: [UInt8] = Array(source.utf8)

    private static let source = ##"""
{text}
"""##
}}
'''
)
