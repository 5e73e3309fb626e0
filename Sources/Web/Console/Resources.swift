import Foundation
package import Rendering

/// Templates, styles and static files, read once at start: a page needs no file after that, so a server goes on when its build folder is gone.
package struct Resources: Sendable {
    let templates: Templates
    let files: [String: StaticFile]

    /// What the parts of the style sheet are served as, in one.
    static let styleSheet = "sightline.css"

    /// Reads everything below a folder that has `templates`, `styles` and `static` in it, and `vendor` if it is there.
    ///
    /// The files of `styles` are joined to one style sheet in the order of their names.
    package init(folder: String) throws(ResourceProblem) {
        let root = URL(fileURLWithPath: folder, isDirectory: true)
        var sources: [String: String] = [:]
        for file in try Self.names(in: root.appendingPathComponent("templates")) where file.hasSuffix(".mustache") {
            let bytes = try Self.bytes(of: root.appendingPathComponent("templates").appendingPathComponent(file))
            sources[String(file.dropLast(".mustache".count))] = String(decoding: bytes, as: UTF8.self)
        }
        do {
            templates = try Templates(sources, as: .html)
        } catch {
            throw .template(error)
        }
        var files: [String: StaticFile] = [:]
        // What `scripts/page-libraries` fetched; the pages work without it.
        let vendor = root.appendingPathComponent("vendor")
        let folders = [root.appendingPathComponent("static")] + (FileManager.default.fileExists(atPath: vendor.path) ? [vendor] : [])
        for folder in folders {
            for name in try Self.names(in: folder) {
                guard let type = StaticFile.type(of: name) else { continue }
                files[name] = StaticFile(bytes: try Self.bytes(of: folder.appendingPathComponent(name)), type: type)
            }
        }
        var styles: [UInt8] = []
        for name in try Self.names(in: root.appendingPathComponent("styles")) where name.hasSuffix(".css") {
            styles += try Self.bytes(of: root.appendingPathComponent("styles").appendingPathComponent(name))
        }
        if let type = StaticFile.type(of: Self.styleSheet) { files[Self.styleSheet] = StaticFile(bytes: styles, type: type) }
        self.files = files
    }

    /// Finds the folder: the one given, or beside the executable, or in `share/sightline` of where the executable is installed.
    ///
    /// The build system's own look-up is left alone on purpose: it ends the program when the build folder was moved or deleted.
    /// - Parameters:
    ///   - folder: what `--resources` or `SIGHTLINE_RESOURCES` says; nil when nothing was said.
    ///   - executable: the path of the running program.
    package static func find(folder: String?, executable: String) throws(ResourceProblem) -> Resources {
        let place = URL(fileURLWithPath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
        let candidates =
            folder.map { [$0] }
            ?? [
                place.appendingPathComponent("sightline_Web.resources/Resources").path,
                place.appendingPathComponent("sightline_Web.bundle/Contents/Resources/Resources").path,
                place.deletingLastPathComponent().appendingPathComponent("share/sightline").path,
            ]
        for candidate in candidates where FileManager.default.fileExists(atPath: candidate + "/templates/layout.mustache") {
            return try Resources(folder: candidate)
        }
        throw .missing(tried: candidates)
    }

    /// The address of a static file, with the fingerprint of what is in it, so that browsers may keep it for ever.
    func address(of name: String) -> String { files[name].map { "/static/\(name)?v=\($0.fingerprint)" } ?? "/static/\(name)" }

    func has(_ name: String) -> Bool { files[name] != nil }

    private static func names(in folder: URL) throws(ResourceProblem) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        } catch {
            throw .unreadable(path: folder.path, reason: error.localizedDescription)
        }
    }
    private static func bytes(of file: URL) throws(ResourceProblem) -> [UInt8] {
        do {
            return Array(try Data(contentsOf: file))
        } catch {
            throw .unreadable(path: file.path, reason: error.localizedDescription)
        }
    }
}

/// Why the pages could not be loaded. Trying again does not help; naming the right folder does.
package enum ResourceProblem: Error, Sendable, Equatable, CustomStringConvertible {
    case missing(tried: [String])
    case unreadable(path: String, reason: String)
    case template(TemplateProblem)

    package var description: String {
        switch self {
        case .missing(let tried):
            "The pages' templates were not found. Looked in \(tried.joined(separator: ", ")). Name their folder with --resources or SIGHTLINE_RESOURCES."
        case .unreadable(let path, let reason): "\(path) cannot be read: \(reason)."
        case .template(let problem): Self.sentence(problem)
        }
    }

    private static func sentence(_ problem: TemplateProblem) -> String {
        switch problem {
        case .missing(let name): "There is no template \(name). The folder of templates belongs to another version, or files of it are gone."
        case .malformed(let name, let reason): "The template \(name) is not well formed: \(reason)."
        case .forbidden(let name, let line): "\(name).mustache:\(line): a tag that gets round the escaping. Write {{name}} instead."
        case .unquoted(let name, let line): "\(name).mustache:\(line): a value in an attribute without quotes. Put it in \"…\"."
        case .unknownPart(let name, let line, let part): "\(name).mustache:\(line): there is no template \(part) to include."
        }
    }
}

/// A file that is served as it is.
struct StaticFile: Sendable {
    let bytes: [UInt8]
    let type: String
    /// FNV-1a of the bytes, 64 bits, in hexadecimal: the same in every process that has the same file.
    let fingerprint: String

    init(bytes: [UInt8], type: String) {
        self.bytes = bytes
        self.type = type
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        fingerprint = String(hash, radix: 16)
    }

    static func type(of name: String) -> String? {
        switch name.split(separator: ".").last {
        case "css": "text/css; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        default: nil
        }
    }

    /// Kept for ever when asked for by its fingerprint, otherwise asked about each time.
    func answer(to request: PageRequest) -> PageAnswer {
        let tag = "\"\(fingerprint)\""
        let isPinned = request.query["v"] == fingerprint
        var headers = [
            (name: "etag", value: tag), (name: "cache-control", value: isPinned ? "public, max-age=31536000, immutable" : "public, no-cache"),
            (name: "x-content-type-options", value: "nosniff"), (name: "cross-origin-resource-policy", value: "same-origin"),
        ]
        let known = (request.headers["if-none-match"] ?? "").split(separator: ",").map(\.trimmed)
        if known.contains(where: { $0 == tag || $0 == "W/" + tag || $0 == "*" }) { return PageAnswer(status: 304, headers: headers) }
        headers.append((name: "content-type", value: type))
        return PageAnswer(status: 200, headers: headers, body: .bytes(bytes))
    }
}
