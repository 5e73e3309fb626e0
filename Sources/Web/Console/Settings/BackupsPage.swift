import Audit
import Kernel
import Rendering

/// Backups: what is scheduled, what there is, and one right now.
extension Console {
    static let backupsRoutes: [PageRoute] = [
        PageRoute(.get, "/settings/backups", .administer, to: "see backups") { try await $0.backupsPage($1) },
        PageRoute(.post, "/settings/backups", .administer, to: "make backups", audit: .backup) { try await $0.beginBackup($1) },
    ]

    private func backupsPage(_ visit: Visit) async throws -> PageAnswer {
        let found = try await services.backups.overview()
        let formats = visit.formats
        let rows = found.items.map { item -> Fields in
            [
                "made": formats.shortDate(item.madeAt) + ", " + formats.time(item.madeAt), "whole": formats.whole(item.madeAt),
                "stamp": item.madeAt.rfc3339, "size": Self.size(item.bytes), "name": item.name,
                "isSound": item.check?.isSound ?? false, "isUntested": item.check == nil || item.check?.result == "untested",
                "isDamaged": item.check?.result == "damaged",
                "customers": item.check?.isSound == true ? Formats.number(item.check?.customers ?? 0) : nil,
                "isKept": !item.isOurs, "wrong": item.check?.wrong.joined(separator: " "), "hasWrong": !(item.check?.wrong ?? []).isEmpty,
            ]
        }
        let restorable = found.items.first { $0.check?.isSound == true }
        let running = found.running.map { Self.running($0, formats) }
        return try await settingsPage(
            "backups", title: "Backups", visit,
            [
                "folder": found.folder, "every": Self.every(found.every), "keep": Self.time(found.keep),
                "weeks": found.weeks == 0 ? nil : Formats.counted(found.weeks, "week"),
                "next": found.next.map { $0 <= formats.now ? "now" : formats.shortDate($0) + ", " + formats.time($0) },
                "running": running, "isBusy": found.running != nil || found.isAsked, "isAsked": found.isAsked && found.running == nil,
                "failure": found.failure.map { ["at": formats.ago($0.at), "reason": $0.reason] as Fields },
                "backups": rows, "hasBackups": !rows.isEmpty, "restorePath": restorable.map { Self.quoted($0.path) },
                "dataPath": Self.quoted(found.data),
            ])
    }

    private func beginBackup(_ visit: Visit) async throws -> PageAnswer {
        try services.backups.begin()
        visit.trail.detail = "begun by hand"
        return .seeOther("/settings/backups")
    }

    private static func running(_ running: BackupsOverview.Running, _ formats: Formats) -> Fields {
        let isTesting = running.phase == "testing"
        return [
            "what": isTesting ? "Being restored for a test" : "Being copied", "since": formats.timeWithSeconds(running.since),
            "done": running.done, "total": max(1, running.total),
            "words": isTesting
                ? "\(Formats.number(running.done)) of \(Formats.counted(running.total, "body", "bodies"))"
                : "\(size(running.done)) of \(size(running.total))",
        ]
    }

    /// `3.4 MB`, a MB being 1024 KB.
    private static func size(_ bytes: Int) -> String {
        let units = ["B", "KB", "MB", "GB", "TB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1000, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return Formats.number(value, places: value < 10 && unit > 0 ? 1 : 0) + " " + units[unit]
    }

    /// What follows on "every": `day`, `36 hours`.
    private static func every(_ milliseconds: Int64) -> String {
        let text = time(milliseconds)
        return text.hasPrefix("1 ") ? String(text.dropFirst(2)) : text
    }

    /// A setting's time in its largest whole unit: `1 day`, `36 hours`.
    private static func time(_ milliseconds: Int64) -> String {
        for (name, size) in [("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1000)] as [(String, Int64)]
        where milliseconds % size == 0 && milliseconds >= size {
            return Formats.counted(Int(milliseconds / size), name)
        }
        return Formats.counted(Int(milliseconds), "millisecond")
    }

    /// A path as a shell takes it.
    private static func quoted(_ path: String) -> String {
        let plain = path.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || "/._-".utf8.contains($0) }
        return plain ? path : "'" + path.replacing("'", with: "'\\''") + "'"
    }
}
