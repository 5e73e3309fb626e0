import Kernel
import Synchronization

/// A server of this process that a command started because no other has the folder open.
protocol OwnServer: Sendable {
    /// Stops in peace: everything that was acknowledged is concluded.
    func stop() async
}

/// Starts a server on a folder's socket alone, and returns when it answers.
typealias StartServer = @Sendable (Settings, FolderLock) async throws -> any OwnServer

/// What a command does about a data folder that is missing.
enum MissingFolder {
    /// It is an error: the command is about what is there.
    case isAnError
    /// It is made where its name is likely no mistake: the folder above it is there.
    case isMade
    /// It is made, and those above it.
    case isMadeWithParents
}

/// The way of a command to a data folder: the API on the folder's socket.
///
/// When a server has the folder open, it answers. When none has, the command starts one in its own process for as long as it
/// takes. So there is one way for both, and what a command does is what the API does. When the server goes away between two
/// requests (another command's, that is done), the next request finds or starts another.
final class FolderClient: Sendable {
    private struct State: Sendable {
        var client: APIClient?
        var own: (any OwnServer)?
        /// Keeps the socket's address good for as long as the client lives.
        var place: ReachablePath?
    }

    let settings: Settings
    let folder: DataFolder
    private let start: StartServer
    /// How long a server that has the folder open may take until it answers: it may be catching up.
    private let patience: Duration
    private let state = Mutex(State())

    init(_ settings: Settings, patience: Duration = .seconds(60), start: @escaping StartServer) {
        self.settings = settings
        folder = DataFolder(settings[Known.data])
        self.patience = patience
        self.start = start
    }

    /// Runs `work` with a client of the folder, and stops the server if it was ours, whatever happens.
    /// - Parameter made: Is told when the folder was missing and is made.
    static func with<R>(
        _ settings: Settings, missing: MissingFolder, made: (DataFolder) -> Void = { _ in }, start: @escaping StartServer,
        _ work: (FolderClient) async throws -> R
    ) async throws -> R {
        let client = FolderClient(settings, start: start)
        let folder = client.folder
        switch missing {
        case .isAnError: if !folder.exists { throw FolderProblem.missing(folder.path) }
        case .isMade: if try folder.make(parents: false) { made(folder) }
        case .isMadeWithParents: if try folder.make() { made(folder) }
        }
        do {
            let result = try await work(client)
            await client.close()
            return result
        } catch {
            await client.close()
            throw error
        }
    }

    /// Sends a request; gives back refusals too. See ``APIClient/send(_:sink:)``.
    func send(_ request: APIRequest, sink: (@Sendable (UnsafeRawBufferPointer) -> WriteProblem?)? = nil) async throws -> APIAnswer {
        let began = ContinuousClock.now
        while true {
            let client = try await connected()
            do {
                return try await client.send(request, sink: sink)
            } catch ClientProblem.unreachable(let reason) {
                let own = forget()
                await own?.stop()
                guard ContinuousClock.now - began < patience else {
                    throw FolderProblem.noAnswer(path: folder.path, pid: nil, reason: reason)
                }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// The JSON that a request is answered with.
    /// - Throws: ``Problem`` when the server refuses.
    func json(_ request: APIRequest) async throws -> JSON { try await send(request).json() }

    /// The server that answers, if it is another process's, must have the folder; else one of ours is started.
    private func connected() async throws -> APIClient {
        if let client = state.withLock({ $0.client }) { return client }
        var own: (any OwnServer)?
        if let lock = try FolderLock.ifFree(folder) { own = try await start(settings, lock) }
        let place = try ReachablePath(folder.socket)
        let client = APIClient(.socket(path: place.text))
        state.withLock { [own] state in state = State(client: client, own: own, place: place) }
        return client
    }

    private func forget() -> (any OwnServer)? {
        state.withLock { state in
            let own = state.own
            state = State()
            return own
        }
    }

    private func close() async {
        let own = forget()
        await own?.stop()
    }
}
