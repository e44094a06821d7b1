// SPDX-License-Identifier: MIT
import Testing

@testable import Daemon

@Suite struct CodePagesTests {
    @Test(
        "Only the code of files is given back",
        arguments: [
            ("55d0c0000000-55d0c1000000 r-xp 00012000 fe:00 1234                 /usr/bin/sluice\n", true),
            ("7f0000000000-7f0000001000 r-xp 00000000 fe:00 99 /a b/c (deleted)\n", true),
            ("55d0c0000000-55d0c1000000 r--p 00012000 fe:00 1234                 /usr/bin/sluice\n", false),
            ("55d0c0000000-55d0c1000000 rwxp 00012000 fe:00 1234                 /usr/bin/sluice\n", false),
            ("7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0                    [vdso]\n", false),
            ("7f0000000000-7f0000001000 r-xp 00000000 00:00 0 \n", false),
            ("nonsense", false), ("", false),
        ])
    func lines(line: String, isCode: Bool) {
        #expect((CodePages.executableFile(line) != nil) == isCode)
    }

    @Test func addresses() {
        let line = "55d0c0000000-55d0c1000000 r-xp 00012000 fe:00 1234   /usr/bin/sluice"
        #expect(CodePages.executableFile(line) == 0x55d0_c000_0000..<0x55d0_c100_0000)
    }

    @Test func aProgramThatGaveItsCodeBackGoesOn() {
        for _ in 0..<3 { CodePages.release() }
        #expect((0..<1000).reduce(0, +) == 499_500)
    }
}
