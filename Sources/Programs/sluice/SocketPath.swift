// SPDX-License-Identifier: MIT

/// Where a client looks for the sidecar.
enum SocketPath {
    /// The flag, else the environment's socket, else the socket in the state directory. An empty variable is none.
    static func resolve(flag: String?, environment: (String) -> String?) -> String {
        func variable(_ name: String) -> String? {
            environment(name).flatMap { $0.isEmpty ? nil : $0 }
        }
        if let path = flag ?? variable("SLUICE_SOCKET_PATH") { return path }
        let directory = variable("SLUICE_STATE_DIRECTORY") ?? variable("STATE_DIRECTORY") ?? "./.sluice"
        return directory + "/sluice.sock"
    }
}
