import Foundation
import Kernel
import Simdjson

/// What a test restore of a backup came to: `verified.json` beside its manifest. Version 1:
///
///   {"format":1,"at":"2026-11-22T06:20:06.123Z","result":"sound","wrong":[],"bodies":12,"interactions":5,"customers":3}
struct BackupCheck: Equatable, Sendable {
    static let format = 1
    static let name = "verified.json"

    enum Result: String, Sendable {
        /// It can be restored.
        case sound
        /// It is not what was written, or the data was damaged already.
        case damaged
        /// It could not be looked at, as on a full disk; it is tried again.
        case untested
    }

    var at: Instant
    var result: Result
    /// What is wrong, in whole sentences; empty for a sound one.
    var wrong: [String] = []
    /// Of the ledger.
    var bodies = 0
    /// Records of interactions in the ledger, repeated messages among them.
    var interactions = 0
    /// As the state has them.
    var customers = 0

    init(at: Instant, result: Result, wrong: [String] = []) {
        self.at = at
        self.result = result
        self.wrong = wrong
    }

    var json: JSON {
        [
            "format": .integer(Int64(Self.format)), "at": .string(at.rfc3339), "result": .string(result.rawValue),
            "wrong": .array(wrong.map(JSON.string)), "bodies": .integer(Int64(bodies)), "interactions": .integer(Int64(interactions)),
            "customers": .integer(Int64(customers)),
        ]
    }

    /// Reads what stands in a backup's folder; nil when there is nothing, or something else: then it was not tested.
    init?(in folder: String) {
        guard let bytes = FileManager.default.contents(atPath: folder + "/" + Self.name),
            let json = try? JSONParser().parse(Array(bytes), { $0.toJSON() }), json["format"]?.integer == Int64(Self.format),
            let at = json["at"]?.string.flatMap({ Instant($0) }), let result = json["result"]?.string.flatMap(Result.init),
            let wrong = json["wrong"]?.array, let bodies = json["bodies"]?.integer, let interactions = json["interactions"]?.integer,
            let customers = json["customers"]?.integer
        else { return nil }
        self.init(at: at, result: result, wrong: wrong.compactMap(\.string))
        self.bodies = Int(bodies)
        self.interactions = Int(interactions)
        self.customers = Int(customers)
    }

    func write(in folder: String) throws(BackupProblem) {
        try Disk.write(json.bytes + [0x0A], to: folder + "/" + Self.name)
        try Disk.sync(folder: folder)
    }
}
