// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import SocketServer

@Suite(.serialized) struct SocketFileTests {
    private let folder = TestFolder()

    private func open(_ path: String? = nil, mode: UInt32 = 0o600) -> SocketServerError? {
        do throws(SocketServerError) {
            _ = try ListeningSocket(at: path ?? folder.socket, mode: mode)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a second server is refused and told the path`() async throws {
        try await withServer(folder: folder) { _ in
            let error = open()
            #expect(error?.code == .alreadyRunning)
            #expect(error?.message.contains(folder.socket) == true)
        }
        #expect(open() == nil)
    }

    @Test(arguments: [0o600, 0o660, 0o666, 0o777] as [UInt32])
    func `the socket has exactly its mode`(mode: UInt32) throws {
        let socket = try ListeningSocket(at: folder.socket, mode: mode)
        var status = stat()
        #expect(lstat(folder.socket, &status) == 0)
        #expect(status.st_mode & 0o7777 == mode)
        close(socket.descriptor)
    }

    @Test func `a folder that is missing or a file is refused`() {
        #expect(open(folder.path + "/none/s")?.code == .folderMissing)
        _ = FileManager.default.createFile(atPath: folder.path + "/file", contents: nil)
        #expect(open(folder.path + "/file/s")?.code == .folderMissing)
    }

    @Test(
        arguments: [(0o777, .folderUnsafe), (0o702, .folderUnsafe), (0o1777, nil), (0o755, nil)]
            as [(mode_t, SocketServerError.Code?)])
    func `a folder in which anyone may replace files is refused`(mode: mode_t, code: SocketServerError.Code?) {
        chmod(folder.path, mode)
        #expect(open()?.code == code)
    }

    @Test func `what is no socket stays`() throws {
        try "precious".write(toFile: folder.socket, atomically: true, encoding: .utf8)
        #expect(open()?.code == .pathOccupied)
        #expect(try String(contentsOfFile: folder.socket, encoding: .utf8) == "precious")
    }

    @Test func `a stale socket is replaced, a foreign one in use is not`() throws {
        let other = TestFolder()
        do {
            // Listens, and is moved in our way.
            let foreign = try ListeningSocket(at: other.socket, mode: 0o600)
            #expect(rename(other.socket, folder.socket) == 0)
            #expect(open()?.code == .pathOccupied)
            close(foreign.descriptor)
        }
        #expect(FileManager.default.fileExists(atPath: folder.socket))
        #expect(open() == nil)
    }

    @Test func `a file that took our place is not removed at the end`() throws {
        do {
            let socket = try ListeningSocket(at: folder.socket, mode: 0o600)
            close(socket.descriptor)
            unlink(folder.socket)
            try "other".write(toFile: folder.socket, atomically: true, encoding: .utf8)
        }
        #expect(FileManager.default.fileExists(atPath: folder.socket))
    }

    @Test func `a path that no socket address holds is refused with its length`() {
        #expect(open("")?.code == .invalidPath)
        #expect(open("/tmp/a\0b")?.code == .invalidPath)
        let fits = folder.path + "/" + String(repeating: "x", count: 106 - folder.path.utf8.count)
        #expect(fits.utf8.count == 107)
        #expect(open(fits) == nil)
        let error = open(fits + "x")
        #expect(error?.code == .invalidPath)
        #expect(error?.message.contains("108 bytes") == true)
    }

    @Test(arguments: [("/a", "/"), ("a", "."), ("/x/y/z", "/x/y"), ("d/s", "d")])
    func `the folder of a path`(path: String, folder: String) {
        #expect(SocketFolder.folder(of: path) == folder)
    }
}
