import Customers
import Kernel
import Ledger
import Notes
import Rendering

/// Turns interactions into the lines of a timeline: grouped by day, in words, with runs of small ones folded into one line.
struct History: Sendable {
    let formats: Formats
    let services: ConsoleServices
    let who: Who
    let customer: CustomerID

    /// How many interactions a page of the timeline holds.
    static let pageSize = 60
    /// This many small interactions of one channel and direction after each other become one line.
    static let foldFrom = 3
    /// The most lines of properties that a timeline shows at an interaction; its own page has all.
    static let rowsInLine = 16

    /// The words for one interaction.
    func sentence(of item: HistoryItem) -> Sentence {
        EventCatalogue.sentence(Self.telling(item, services.json, formats))
    }
    static func telling(_ item: HistoryItem, _ json: ([UInt8]) -> JSON?, _ formats: Formats) -> Telling {
        let interaction = item.interaction
        return Telling(
            name: interaction.name, channel: item.channel, direction: interaction.direction, type: interaction.type, value: interaction.value,
            properties: Properties(interaction.properties.isEmpty ? nil : json(interaction.properties)), formats: formats)
    }

    /// The days of some interactions, newest first. Three and more days on which nothing but small things happened become one stretch.
    func days(_ items: [HistoryItem]) -> [Fields] {
        var days: [(day: Formats.Day, items: ArraySlice<HistoryItem>)] = []
        var i = 0
        while i < items.count {
            let day = formats.day(of: items[i].interaction.at)
            var j = i
            while j < items.count, formats.day(of: items[j].interaction.at) == day { j += 1 }
            days.append((day, items[i..<j]))
            i = j
        }
        var out: [Fields] = []
        var rest = days[...]
        while let first = rest.first {
            let quiet = rest.prefix { formats.today.number - $0.day.number > 1 && $0.items.allSatisfy(isSmall) }
            if quiet.count >= Self.quietFrom, let last = quiet.last {
                let counts = Self.counts(items[first.items.startIndex..<last.items.endIndex]).joined(separator: ", ")
                out.append([
                    "isQuiet": true, "name": formats.range(last.day, first.day), "rest": counts + " on " + Formats.counted(quiet.count, "day"),
                    "days": quiet.map { fields(of: $0.day, $0.items) },
                ])
                rest = rest.dropFirst(quiet.count)
            } else {
                out.append(fields(of: first.day, first.items))
                rest = rest.dropFirst()
            }
        }
        return out
    }
    private static let quietFrom = 3

    private func fields(of day: Formats.Day, _ items: ArraySlice<HistoryItem>) -> Fields {
        let heading = formats.heading(day)
        return ["day": day.iso, "name": heading.name, "rest": heading.rest, "lines": lines(items)]
    }

    /// What small interactions come to, the most frequent first: `14 pages`, `3 products`.
    private static func counts(_ items: ArraySlice<HistoryItem>) -> [String] {
        var counts: [(name: String, count: Int)] = []
        for item in items {
            if let at = counts.firstIndex(where: { $0.name == item.interaction.name }) {
                counts[at].count += 1
            } else {
                counts.append((item.interaction.name, 1))
            }
        }
        return counts.sorted { $0.count > $1.count }.compactMap { name, count in
            EventCatalogue.small(name).map { Formats.counted(count, $0.one, $0.many) }
        }
    }

    /// The lines of one day.
    func lines(_ items: ArraySlice<HistoryItem>) -> [Fields] {
        var lines: [Fields] = []
        var i = items.startIndex
        while i < items.endIndex {
            var j = i
            while j < items.endIndex, isSmall(items[j]), goesWith(items[i], items[j]) { j += 1 }
            if j - i >= Self.foldFrom {
                lines.append(folded(items[i..<j]))
                i = j
            } else {
                lines.append(line(items[i]))
                i += 1
            }
        }
        return lines
    }

    private func isSmall(_ item: HistoryItem) -> Bool { EventCatalogue.small(item.interaction.name) != nil }
    private func goesWith(_ a: HistoryItem, _ b: HistoryItem) -> Bool {
        a.channel == b.channel && a.interaction.direction == b.interaction.direction
    }

    private func mark(_ direction: Direction) -> (css: String, words: String) {
        switch direction {
        case .in: ("is-in", "from " + who.inline)
        case .out: ("is-out", "from us")
        case .internal: ("is-ours", "worked out")
        }
    }

    /// One interaction.
    func line(_ item: HistoryItem) -> Fields {
        let interaction = item.interaction
        let telling = Self.telling(item, services.json, formats)
        let sentence = EventCatalogue.sentence(telling)
        let isIn = interaction.direction == .in
        let told = [sentence.words, sentence.said].compactMap { $0 }
        let members = Properties.notTold(telling.properties.members, isNote: Self.isNote(interaction), told)
        var rows = PropertyRow.rows(of: members, isFromCustomer: isIn, formats).rows
        let more = rows.count - Self.rowsInLine
        if more > 0 { rows.removeLast(more) }
        let mark = mark(interaction.direction)
        return [
            "id": "i" + String(interaction.position.raw, radix: 36), "time": formats.time(interaction.at), "at": interaction.at.rfc3339,
            "whole": formats.whole(interaction.at), "mark": mark.css + (sentence.tone == .bad && isIn ? " is-bad" : ""),
            "direction": sentence.origin ?? mark.words,
            "icon": interaction.direction == .internal ? nil : sentence.icon ?? ChannelWords.icon(item.channel),
            "channel": ChannelWords.title(item.channel),
            "whom": sentence.subject == .customer ? who.short : nil, "does": Self.does(sentence), "what": sentence.what, "via": via(item.channel),
            "asides": sentence.asides.joined(separator: ", "), "words": said(sentence.words),
            "said": said(sentence.said), "name": interaction.name, "rows": rows.map(\.fields), "href": place(of: interaction.position),
            "everything": more > 0 ? "All \(rows.count + more) properties, and what was sent along" : "Everything about it",
        ]
    }

    /// Whether a colleague wrote it; a customer's event may be called the same.
    static func isNote(_ interaction: Interaction) -> Bool { interaction.name == Notes.eventName && interaction.direction == .internal }

    /// Words in a timeline are cut at 600 characters; the interaction's own page has the whole.
    private func said(_ text: String?) -> String? {
        guard let text, text.utf8.count > 600 else { return text }
        let start = text.prefix(600)
        return start.count < text.count ? start.trimmed + "…" : text
    }

    private func place(of position: Position) -> String { "/customers/\(customer)/interactions/\(position.raw)" }

    /// What stands behind the customer's name, or alone. The name is apart, so that one written from right to left does not turn the rest.
    private static func does(_ sentence: Sentence) -> String { (sentence.subject == .we ? "We " : "") + sentence.does }
    private func via(_ channel: String) -> String? { channel == "other" ? nil : ChannelWords.inline(channel) }

    /// Many small ones as one line: `Nora looked at 14 pages, 3 products`.
    private func folded(_ items: ArraySlice<HistoryItem>) -> Fields {
        guard let newest = items.first, let oldest = items.last else { return [:] }
        let span = (newest.interaction.at - oldest.interaction.at) / 1000
        let mark = mark(newest.interaction.direction)
        let looks = items.allSatisfy { Self.looks.contains(Properties.plain($0.interaction.name)) }
        let does =
            switch newest.interaction.direction {
            case .in: looks ? "looked at" : "was active:"
            case .out: "We sent"
            case .internal: "Worked out"
            }
        return [
            "id": "i" + String(newest.interaction.position.raw, radix: 36), "time": formats.time(newest.interaction.at),
            "at": newest.interaction.at.rfc3339, "whole": formats.whole(newest.interaction.at), "mark": mark.css, "direction": mark.words,
            "icon": newest.interaction.direction == .internal ? nil : ChannelWords.icon(newest.channel),
            "channel": ChannelWords.title(newest.channel),
            "whom": newest.interaction.direction == .in ? who.short : nil, "does": does, "what": Self.counts(items).joined(separator: ", "),
            "via": via(newest.channel), "asides": span >= 60 ? "in " + Formats.span(span) : nil, "isFolded": true,
            "folded": items.map { item in
                let sentence = sentence(of: item)
                return [
                    "time": formats.time(item.interaction.at), "at": item.interaction.at.rfc3339, "href": place(of: item.interaction.position),
                    "text":
                        ([looks && sentence.subject == .customer && sentence.does == "looked at" ? nil : sentence.does, sentence.what]
                        .compactMap { $0 } + sentence.asides.map { "(" + $0 + ")" }).joined(separator: " "),
                ] as Fields
            },
        ]
    }
    private static let looks: Set<String> = ["pageviewed", "screenviewed", "productviewed", "productlistviewed"]
}
