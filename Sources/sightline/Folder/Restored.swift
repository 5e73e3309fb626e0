import Foundation
import Kernel
import Simdjson

/// What was taken out of a folder's data into the backup that takes its place.
struct CarriedOver: Equatable, Sendable {
    /// How many customer ids were erased since the backup was made, and are erased in it again.
    var erased = 0
    /// Whether people, keys, tokens and the audit log are those of before.
    var keptAccess = false
    /// What could not be carried over, in whole sentences.
    var gaps: [String] = []
}

/// What the newest restoration of a folder came to: `restored.json` in it. Version 1:
///
///   {"format":1,"madeAt":"2026-11-21T23:59:06.123Z","erased":2,"keptAccess":true,"gaps":[],"kept":null,"settled":true}
struct Restored: Equatable, Sendable {
    static let name = "restored.json"
    static let format = 1

    /// When the backup was made.
    var madeAt: Instant
    var carried = CarriedOver()
    /// The name of the folder that keeps what was replaced; nil when it was deleted, or there was nothing.
    var kept: String?
    /// Whether everybody who was erased is out of sight again. Until then the folder is not served.
    var settled = false

    init(madeAt: Instant) { self.madeAt = madeAt }

    /// Reads what stands in a folder; nil when there is nothing, or something else.
    init?(in folder: String) {
        guard let bytes = FileManager.default.contents(atPath: folder + "/" + Self.name),
            let json = try? JSONParser().parse(Array(bytes), { $0.toJSON() }), json["format"]?.integer == Int64(Self.format),
            let madeAt = json["madeAt"]?.string.flatMap({ Instant($0) }), let erased = json["erased"]?.integer,
            let keptAccess = json["keptAccess"]?.bool,
            let gaps = json["gaps"]?.array, let settled = json["settled"]?.bool
        else { return nil }
        self.madeAt = madeAt
        carried = CarriedOver(erased: Int(erased), keptAccess: keptAccess, gaps: gaps.compactMap(\.string))
        kept = json["kept"]?.string
        self.settled = settled
    }

    func write(in folder: String) throws(BackupProblem) {
        let json: JSON = [
            "format": .integer(Int64(Self.format)), "madeAt": .string(madeAt.rfc3339), "erased": .integer(Int64(carried.erased)),
            "keptAccess": .bool(carried.keptAccess), "gaps": .array(carried.gaps.map(JSON.string)),
            "kept": kept.map(JSON.string) ?? .null, "settled": .bool(settled),
        ]
        try Disk.write(json.bytes + [0x0A], to: folder + "/" + Self.name)
        try Disk.sync(folder: folder)
    }

    /// What there is to say about it to whoever restored, a sentence a line.
    func sentences(_ folder: DataFolder) -> [String] {
        var lines = ["\(folder.path) holds the backup of \(Moment.minute(madeAt.rfc3339)) UTC."]
        if carried.erased > 0 { lines.append("\(Text.count(carried.erased, "customer id")) erased since it was made: erased in it again.") }
        if carried.keptAccess { lines.append("People, keys, tokens and the audit log are as they were before.") }
        lines += carried.gaps
        if let kept {
            lines.append(
                "What the folder held before is in \(folder.file(kept)). Whoever is erased from now on stays in there: remove it when it is needed no more."
            )
        }
        return lines
    }
}
