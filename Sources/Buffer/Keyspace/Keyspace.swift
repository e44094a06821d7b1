// SPDX-License-Identifier: MIT

/// The store in which acknowledged transactions live until the main database has them.
///
/// Everything above is written once, against the Redis commands of ``CommandTable`` and the four procedures of
/// ``Operation``. An adapter sends them to a Redis server or executes them on a file of its own. Both pass one
/// conformance suite, and a key reads the same through either.
public protocol Keyspace: Sendable {
    /// What an acknowledgement of this keyspace is worth at the moment.
    var durability: Durability { get }

    /// Whether other processes change it too: then not everything that happens in it is known here at once.
    var isShared: Bool { get }

    /// Runs operations outside any transaction, in order, and answers each one; none hinders the next.
    ///
    /// The operations are *submitted* before the first suspension: two calls made one after the other from the same
    /// thread run in that order.
    func perform(_ operations: [Operation]) async throws(KeyspaceError) -> [Reply]

    /// Runs operations as one MULTI..EXEC that watches nothing. Submission as with ``perform(_:)``.
    func execute(_ operations: [Operation]) async throws(KeyspaceError) -> Execution

    /// A connection of its own, able to WATCH. The caller closes it.
    func connect() async throws(KeyspaceError) -> any KeyspaceConnection
}

extension Keyspace {
    public var isShared: Bool { false }
}

/// One connection to a keyspace: the scope of WATCH.
public protocol KeyspaceConnection: Sendable {
    /// Runs operations outside any transaction, in order.
    func perform(_ operations: [Operation]) async throws(KeyspaceError) -> [Reply]

    /// Marks keys: the next ``execute(_:)`` on this connection aborts if one of them was modified in between.
    func watch(_ keys: [[UInt8]]) async throws(KeyspaceError)

    /// Forgets all watched keys.
    func unwatch() async throws(KeyspaceError)

    /// MULTI, the operations, EXEC. Forgets the watched keys, whatever the outcome.
    func execute(_ operations: [Operation]) async throws(KeyspaceError) -> Execution

    /// False once the connection was lost; what it watched is lost with it.
    var isAlive: Bool { get }

    func close() async
}

/// What can be queued: a command, or one of the four procedures, each of which checks everything, then writes, atomically.
public enum Operation: Sendable {
    case command(Command)
    case accept(Accept)
    case claim(Claim)
    case advance(Advance)
    case release(Release)
    /// A read of many overlay entries at once, for which Redis has no single command.
    case overlay(OverlayRead)
    case lease(LeaseRequest)
    case adopt(Adoption)
}

/// The answer to one operation.
public enum Reply: Sendable, Equatable {
    case null
    case status(String)
    case integer(Int64)
    case bulk([UInt8])
    case array([Reply])
    /// The command failed; the others were not hindered by it.
    case error(CommandError)
    case accept(AcceptOutcome)
    /// `foreign`: elements at which the claim stopped, because another program pushed them; oldest first.
    case claim([ClaimedTransaction], foreign: [[UInt8]])
    case advance([AdvanceOutcome])
    case release(ReleaseOutcome)
    case overlay(OverlayPage)
    case lease(LeaseOutcome)
    case adopt(AdoptionOutcome)
}

/// What became of a MULTI..EXEC.
public enum Execution: Sendable, Equatable {
    /// Everything ran; a reply may be an error of its own command.
    case executed([Reply])
    /// A watched key had changed: nothing ran.
    case aborted
    /// A command was refused while it was queued (unknown, wrong number of arguments): nothing ran.
    case refused(index: Int, CommandError)
}

/// What an acknowledgement is worth.
public enum Durability: String, Sendable {
    /// On stable storage.
    case fsynced
    /// Handed to the operating system; a power failure may lose about a second.
    case written
    /// In memory only.
    case memory
}
