// SPDX-License-Identifier: MIT
import ArgumentParser
import Daemon

/// A duration on the command line, in the form that settings have.
enum DurationArgument {
    static func parse(_ text: String) throws -> Duration {
        guard let duration = DurationText.parse(text) else {
            throw ValidationError("It takes \(DurationText.form).")
        }
        return duration
    }

    /// As short as it can be said.
    static func text(_ duration: Duration) -> String {
        let milliseconds = duration / .milliseconds(1)
        return milliseconds.truncatingRemainder(dividingBy: 1000) == 0
            ? "\(Int(milliseconds / 1000)) s" : "\(Int(milliseconds)) ms"
    }
}
