import Definitions
import HTTPTypes
package import Hummingbird
package import Kernel
package import NIOCore
import Simdjson

/// Reads the bodies of requests.
package enum Body {
    /// The most bytes of a JSON body of `/api`.
    package static let limit = 1 << 20

    /// The whole body in one piece, with `spare` bytes of room behind it.
    ///
    /// A body that says it is too large is refused before a byte of it is read; one that turns out to be too large is
    /// refused at that byte. What arrived is copied once, into memory of the size the client announced.
    /// - Throws: a 413 problem; a 400 problem when the client stopped in the middle.
    package static func collect(_ request: Request, limit: Int, spare: Int = 0) async throws -> ByteBuffer {
        let announced = request.headers[.contentLength].flatMap { Int($0) }
        if let announced, announced > limit { throw Problem.tooLarge(limit) }
        var body = ByteBuffer()
        body.reserveCapacity((announced ?? 4096) + spare)
        for try await part in request.body {
            guard body.readableBytes + part.readableBytes <= limit else { throw Problem.tooLarge(limit) }
            body.writeImmutableBuffer(part)
        }
        if let announced, body.readableBytes != announced { throw Problem.badRequest("The body ended before its announced length.") }
        if spare > 0 { body.reserveCapacity(minimumWritableBytes: spare) }
        return body
    }

    /// The body as a JSON object that has only members of a schema.
    /// - Parameter schema: Its name in the OpenAPI document.
    /// - Throws: 400 and 413 problems; one for a member that there is not: a mistyped one would have no effect.
    package static func json(_ request: Request, _ schema: String) async throws -> JSON {
        let body = try await collect(request, limit: limit)
        let json = try? body.withUnsafeReadableBytes { try JSON.parse($0) }
        guard let json, json.members != nil else { throw Problem.badRequest("The body must be a JSON object, as `application/json` in UTF-8.") }
        try check(json, schema)
        return json
    }

    /// - Throws: a 400 problem that names the first member that the schema has not.
    static func check(_ json: JSON, _ schema: String) throws {
        guard let known = OpenAPI.members(schema) else { preconditionFailure("the document has no schema \(schema)") }
        guard let stranger = (json.members ?? []).first(where: { !known.contains($0.key) })?.key else { return }
        let all = known.map { "`\($0)`" }.joined(separator: ", ")
        let near = Nearest.word(to: stranger, among: known).map { "Did you mean `\($0)`?" } ?? "There are \(all)."
        throw Problem.badRequest("The body has a member `\(stranger.prefix(64))`, which means nothing here. \(near)")
    }
}

extension JSON {
    /// The string of a member that must be there.
    /// - Throws: a 400 problem that names it.
    func required(_ key: String) throws -> String {
        guard let text = self[key]?.string, !text.isEmpty else { throw Problem.badRequest("The body needs `\(key)`, a string that is not empty.") }
        return text
    }

    /// A whole number, also one that is written with a fraction of nothing, as `5.0`; nil for all else.
    var whole: Int64? {
        if let integer { return integer }
        guard case .number(let number) = self else { return nil }
        return Int64(exactly: number)
    }

    /// Whether a member is true; false when it is missing.
    /// - Throws: a 400 problem that names it.
    func flag(_ key: String) throws -> Bool {
        guard let value = self[key] else { return false }
        guard let yes = value.bool else { throw Problem.badRequest("`\(key)` must be true or false.") }
        return yes
    }

    /// The string of a member that may be missing or null.
    /// - Throws: a 400 problem that names it.
    func optional(_ key: String) throws -> String? {
        guard let value = self[key], !value.isNull else { return nil }
        guard let text = value.string else { throw Problem.badRequest("`\(key)` must be a string.") }
        return text
    }
}
