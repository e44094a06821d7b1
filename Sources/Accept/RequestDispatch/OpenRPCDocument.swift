// SPDX-License-Identifier: MIT
enum OpenRPCDocument {
    static let text: [UInt8] = Array("{}".utf8)
}
