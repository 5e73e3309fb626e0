import Dispatch
import Kernel
import Simdjson

/// A client of the API: one connection, one request after the other.
///
/// libcurl waits on the calling thread, so requests run on a thread of their own and never hold one of those that the
/// server in this process needs to answer them.
///
/// Proven safe: `connection` is touched on `queue` alone, which runs one block at a time; all else never changes.
final class APIClient: @unchecked Sendable {
    let address: APIAddress
    private let queue: DispatchQueue
    private let connection: APIConnection

    init(_ address: APIAddress) {
        self.address = address
        queue = DispatchQueue(label: "sightline.client")
        connection = APIConnection(address)
    }

    /// Sends a request and gives back whatever was answered, refusals too.
    /// - Parameter sink: See ``APIConnection/perform(_:sink:)``; called on the client's thread.
    /// - Throws: ``ClientProblem``.
    func send(_ request: APIRequest, sink: (@Sendable (UnsafeRawBufferPointer) -> WriteProblem?)? = nil) async throws -> APIAnswer {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { [self] in
                continuation.resume(with: Result { try connection.perform(request, sink: sink) })
            }
        }
    }
}

extension APIAnswer {
    /// What the server said when it refused, with whatever that problem says besides what all say; nil when it did not, or not in JSON.
    var refusal: JSON? {
        guard !(200..<300).contains(status) else { return nil }
        return try? JSONParser(depth: 16).parse(body) { $0.toJSON() }
    }

    /// The JSON of a successful answer; ``JSON/null`` when it has no body.
    /// - Throws: ``Problem`` when the server refused, ``AnswerProblem`` when the answer is none of ours.
    func json() throws -> JSON {
        try check()
        guard !body.isEmpty else { return .null }
        do {
            return try JSONParser(depth: 512).parse(body) { $0.toJSON() }
        } catch {
            throw AnswerProblem.notJSON(status: status)
        }
    }

    /// - Throws: ``Problem`` when the server refused, ``AnswerProblem`` when it refused in words that are none of ours.
    func check() throws {
        guard !(200..<300).contains(status) else { return }
        guard let problem = refusal, let title = problem["title"]?.string else {
            throw AnswerProblem.status(status)
        }
        throw Problem(
            status: status, kind: problem["type"]?.string ?? "", title: title, detail: problem["detail"]?.string ?? "", retryAfter: retryAfter)
    }
}

/// What is wrong with an answer.
enum AnswerProblem: Error, Equatable {
    case notJSON(status: Int)
    case status(Int)
    /// A member that the answer must have.
    case lacks(String)
}

extension JSON {
    /// A member that must be there.
    func text(_ key: String) throws(AnswerProblem) -> String {
        guard let value = self[key]?.string else { throw .lacks(key) }
        return value
    }
    func whole(_ key: String) throws(AnswerProblem) -> Int {
        guard let value = self[key]?.integer else { throw .lacks(key) }
        return Int(value)
    }
    func list(_ key: String) throws(AnswerProblem) -> [JSON] {
        guard let value = self[key]?.array else { throw .lacks(key) }
        return value
    }
}
