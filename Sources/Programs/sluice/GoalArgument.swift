// SPDX-License-Identifier: MIT
import ArgumentParser
import SluiceClient

/// What a wait waits for, on the command line.
enum GoalArgument: String, ExpressibleByArgument, CaseIterable {
    case committed
    case replicated

    var goal: SluiceClient.Goal {
        switch self {
        case .committed: .committed
        case .replicated: .replicated
        }
    }
}
