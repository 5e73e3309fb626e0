import Audit
import Kernel
import Rendering

/// Where interactions come from: what each source sent lately, and what was refused.
extension Console {
    static let sourcesRoutes: [PageRoute] = [
        PageRoute(.get, "/settings/sources", .read, to: "see sources") { try await $0.sourcesPage($1) },
        PageRoute(.get, "/settings/sources/:id", .read, to: "see sources") { try await $0.sourcePage($1.parameters[0], $1) },
        PageRoute(.post, "/settings/sources/:id/replay", .change, to: "take in what was refused", audit: .replay) {
            try await $0.replayItems($1.parameters[0], $1)
        },
        PageRoute(.post, "/settings/sources/:id/dismissals", .change, to: "give up what was refused", audit: .dismissal) {
            try await $0.giveUpItems($1.parameters[0], $1)
        },
        PageRoute(.post, "/settings/sources/:id/dismissals/:number/undo", .change, to: "give up what was refused", audit: .dismissal) {
            try await $0.takeBackItems($1.parameters[0], $1.parameters[1], $1)
        },
    ]

    private func sourcesPage(_ visit: Visit) async throws -> PageAnswer {
        let sources = try await services.sources.figures()
        let waiting = sources.map(\.quarantined).reduce(0, +)
        let sent = sources.map(\.day.accepted).reduce(0, +)
        return try await settingsPage(
            "sources", title: "Sources", visit,
            [
                "sources": sources.map { row($0, visit) }, "isEmpty": sources.isEmpty, "mayMakeKeys": visit.may(.administer),
                "summary": "\(Formats.counted(sent, "interaction")) in the last 24 hours, \(Formats.number(waiting)) "
                    + "refused \(waiting == 1 ? "item is" : "items are") waiting.",
            ])
    }

    private func row(_ source: SourceFigures, _ visit: Visit) -> Fields {
        let channels = source.channels.prefix(3).map { ChannelWords.title($0.name) + " " + Formats.number($0.day) }
        let others = source.channels.count - channels.count
        return [
            "href": "/settings/sources/\(source.id)", "name": Self.name(of: source), "isRevoked": source.revokedAt != nil,
            "channels": channels.isEmpty ? nil : channels.joined(separator: ", ") + (others > 0 ? " and \(others) more" : ""),
            "hour": Formats.number(source.hour.accepted), "day": Formats.number(source.day.accepted),
            "last": source.lastAt.map(visit.formats.ago), "lastAt": source.lastAt?.rfc3339, "lastWhole": source.lastAt.map(visit.formats.whole),
            "refusedDay": source.day.refused > 0 ? Formats.number(source.day.refused) : nil,
            "waiting": source.quarantined > 0 ? Formats.number(source.quarantined) : nil,
            "spark": source.day.accepted > 0 ? Self.bars(source.hours) : nil,
        ]
    }

    /// What a source is called: its key's name, or what number 0 stands for.
    static func name(of source: SourceFigures) -> String {
        source.name ?? (source.id == 0 ? "No write key" : "Write key \(source.id)")
    }

    /// A bar for each of the last 24 hours, in a drawing of 240 by 36.
    static func bars(_ hours: [Int]) -> Fields {
        let most = max(hours.max() ?? 0, 1)
        return [
            "label":
                "Accepted in each of the last 24 hours: \(Formats.number(hours.max() ?? 0)) at most, \(Formats.number(hours.last ?? 0)) in the last",
            "bars": hours.enumerated().filter { $0.element > 0 }.map { hour, count -> Fields in
                // Whatever came can be seen.
                let height = max(1.0, Double(count) / Double(most) * 36)
                return ["x": hour * 10, "y": Formats.drawn(36 - height), "height": Formats.drawn(height)]
            },
        ]
    }
}
