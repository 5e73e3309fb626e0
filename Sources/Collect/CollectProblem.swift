package import Kernel
import Simdjson

/// Why a whole body is not taken. Facts only; trying again with the same body never helps.
package enum CollectProblem: Error, Equatable, Sendable {
    /// The body has more bytes than the route allows, or would have when unpacked.
    case tooLarge(limit: Int)
    case tooManyItems(Int, limit: Int)
    /// What the batch shares (context, integrations) has more bytes than an item may have.
    case sharedTooLarge(bytes: Int, limit: Int)
    /// What the batch shares, written to each item, would take more memory than a body may.
    case expandsTooFar(bytes: Int, limit: Int)
    case empty
    /// The body breaks the grammar of JSON; the offset of the byte where that shows.
    case notJSON(at: Int)
    /// The body is some JSON value, and an object is needed.
    case notAnObject
    /// The body has no `batch`, or it is no array.
    case noBatch
    /// A member of the body itself stands twice.
    case duplicateKey(String)
    /// What the batch shares is of no use: the field, and why.
    case shared(field: String, ItemProblem)
    case gzip(InflateProblem)
}

extension CollectProblem {
    /// The problem as the API shows it (RFC 9457).
    package var problem: Problem {
        switch self {
        case .tooLarge(let limit):
            Problem(
                status: 413, kind: "too-large", title: "The body is too large",
                detail: "The body, unpacked, has more than \(limit) bytes. Send the items in several batches.")
        case .tooManyItems(let count, let limit):
            Problem(
                status: 413, kind: "too-many-items", title: "The batch has too many items",
                detail: "The batch has \(count) items; \(limit) are allowed. Send them in several batches.")
        case .sharedTooLarge(let bytes, let limit):
            Problem(
                status: 413, kind: "shared-too-large", title: "What the batch shares is too large",
                detail: "context, integrations and sentAt of the batch have \(bytes) bytes; \(limit) are allowed. Send less in them.")
        case .expandsTooFar(let bytes, let limit):
            Problem(
                status: 413, kind: "expands-too-far", title: "What the batch shares is too large for so many items",
                detail:
                    "Written to each item, context, integrations and sentAt of the batch make \(bytes) bytes; \(limit) are allowed. Send fewer items at once."
            )
        case .empty: bad("The body is empty.")
        case .notJSON(let offset): bad("The body is no JSON: it breaks at byte \(offset).")
        case .notAnObject: bad("The body is no JSON object.")
        case .noBatch: bad("The body has no batch. Send {\"batch\": [ … ]} with the items in it.")
        case .duplicateKey(let key): bad("The key \(key) stands twice in the body. Send it once.")
        case .shared(let field, let problem): bad("In \(field) of the batch, which all items share: \(problem.reason)")
        case .gzip(.notGzip): bad("The body says it is gzip (Content-Encoding), and is not.")
        case .gzip(.truncated): bad("The gzip body ends too early.")
        case .gzip(.corrupt): bad("The gzip body is damaged.")
        case .gzip(.overLimit(let limit)): CollectProblem.tooLarge(limit: limit).problem
        case .gzip(.memory):
            Problem(
                status: 503, kind: "no-memory", title: "There is no memory", detail: "The gzip body could not be unpacked. Try again.", retryAfter: 5)
        }
    }

    private func bad(_ detail: String) -> Problem {
        Problem(status: 400, kind: "invalid-body", title: "The body cannot be read", detail: detail)
    }
}
