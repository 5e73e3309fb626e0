import Foundation
import Testing

@testable import Collect

/// Where the real files lie, and what an import of them gave.
enum RealData {
    /// `SIGHTLINE_TEST_DATA`, or the folder `shared/data` beside the package.
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["SIGHTLINE_TEST_DATA"] { return URL(filePath: path) }
        return package.deletingLastPathComponent().appending(path: "shared/data")
    }()
    static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static var isThere: Bool { FileManager.default.fileExists(atPath: folder.appending(path: "README.md").path) }

    /// Each imported once: reading them takes seconds in a debug build.
    static let olist = Result { try read("olist", "olist-8k") }
    static let twcs = Result { try read("twcs", "twcs-5k") }
    static let onlineRetail = Result { try read("online-retail", "online-retail-50k") }

    /// Imports a folder through one of our mapping files.
    static func read(_ mapping: String, _ inputs: String) throws -> Imported {
        let mapping = try Mapping(path: package.appending(path: "mappings/\(mapping).yaml").path)
        return try Imported(MappedImport(mapping: mapping, inputs: [folder.appending(path: inputs).path]))
    }
}

/// All that an import gave, parsed by another reader than ours.
struct Imported: Sendable {
    var items: [Item] = []
    var notices: [ImportNotice] = []
    var bytes: [[UInt8]] = []
    var progress = ImportProgress()

    struct Item: @unchecked Sendable {  // values of JSONSerialization never change
        let line: Int
        let object: [String: Any]
        var type: String { object["type"] as? String ?? "" }
        var event: String { object["event"] as? String ?? "" }
        var messageID: String { object["messageId"] as? String ?? "" }
        var userID: String? { object["userId"] as? String }
        var anonymousID: String? { object["anonymousId"] as? String }
        var context: [String: Any] { object["context"] as? [String: Any] ?? [:] }
        var properties: [String: Any] { object["properties"] as? [String: Any] ?? [:] }
        /// Seconds since 1970.
        var time: Double { Self.seconds(object["timestamp"]) }
        static func seconds(_ value: Any?) -> Double {
            (try? Date(value as? String ?? "", strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))?.timeIntervalSince1970 ?? .nan
        }
    }

    init(_ reader: any ImportReader) throws {
        while let step = try reader.next() {
            switch step {
            case .item(let item):
                let object = try JSONSerialization.jsonObject(with: Data(item.bytes)) as? [String: Any]
                items.append(Item(line: item.line, object: try #require(object)))
                bytes.append(item.bytes)
            case .notice(let notice): notices.append(notice)
            case .reading: break
            }
        }
        progress = reader.progress
    }

    func events(_ name: String) -> [Item] { items.filter { $0.event == name } }
    var refused: [ImportNotice] { notices.filter { $0.kind == .refused } }
    var leftOut: [ImportNotice] { notices.filter { $0.kind == .leftOut } }
}
