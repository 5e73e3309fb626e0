import Collect
import Kernel
import Ledger
import Rendering

/// One source: what it sent on which channel, what was refused and why, and what to do about that.
extension Console {
    /// Refused items of a page.
    private static let refusedPage = 10
    /// Reasons that are shown.
    private static let mostReasons = 100
    /// Bytes of an item that a list shows around its fault.
    private static let excerpt = 2000

    private func source(_ id: String) async throws -> SourceFigures {
        guard let number = UInt16(id), let found = try await services.sources.figures().first(where: { $0.id == number }) else { throw Self.nowhere }
        return found
    }

    func sourcePage(_ id: String, _ visit: Visit) async throws -> PageAnswer {
        let source = try await source(id)
        let query = visit.request.query
        let filter = QuarantineFilter(source: source.id, kind: query["kind"], reason: query["reason"])
        let one = query["item"].flatMap { Int64($0) }
        var page = QuarantinePage()
        if let one {
            guard let item = try await services.sources.item(one), item.refused.source == source.id else { throw Self.nowhere }
            page.items = [item]
        } else {
            page = try await services.sources.items(filter, query["before"].flatMap { Int64($0) } ?? .max, Self.refusedPage)
        }
        let reasons = try await services.sources.reasons(source.id, Self.mostReasons)
        var fields = figures(source, visit)
        fields["reasons"] = reasons.map { self.reason($0, visit) }
        fields["hasReasons"] = !reasons.isEmpty
        fields["manyReasons"] = reasons.count == Self.mostReasons ? "\(Self.mostReasons)" : nil
        fields["waiting"] = Formats.counted(source.quarantined, "item")
        fields["items"] = page.items.map { item($0, isWhole: one != nil, visit) }
        fields["isFiltered"] = filter.kind != nil || filter.reason != nil || one != nil
        fields["filterWords"] = one != nil ? "One item" : filter.reason ?? filter.kind
        fields["nothingFits"] = page.items.isEmpty && source.quarantined > 0
        fields["isFurther"] = query["before"] != nil
        if let next = page.next {
            var parameters = Parameters()
            for pair in query.pairs where pair.name == "kind" || pair.name == "reason" { parameters.add(pair.name, pair.value) }
            parameters.add("before", String(next))
            fields["earlier"] = "/settings/sources/\(source.id)?\(parameters.encoded)#refused"
        }
        return try await settingsPage("source", section: "sources", title: Self.name(of: source), visit, fields)
    }

    private func figures(_ source: SourceFigures, _ visit: Visit) -> Fields {
        [
            "id": Int(source.id), "name": Self.name(of: source), "isRevoked": source.revokedAt != nil, "isNone": source.id == 0,
            "made": source.createdAt.map(visit.formats.shortDate), "revoked": source.revokedAt.map(visit.formats.shortDate),
            "last": source.lastAt.map(visit.formats.ago), "lastAt": source.lastAt?.rfc3339, "lastWhole": source.lastAt.map(visit.formats.whole),
            "hour": Formats.number(source.hour.accepted), "day": Formats.number(source.day.accepted),
            "hourRepeated": Formats.number(source.hour.repeated), "dayRepeated": Formats.number(source.day.repeated),
            "hourRefused": Formats.number(source.hour.refused), "dayRefused": Formats.number(source.day.refused),
            "spark": source.day.accepted > 0 ? Self.bars(source.hours) : nil,
            "channels": source.channels.map {
                ["name": ChannelWords.title($0.name), "hour": Formats.number($0.hour), "day": Formats.number($0.day)] as Fields
            }, "hasChannels": !source.channels.isEmpty,
            "hours": source.hours.enumerated().reversed().map { place, count -> Fields in
                let to = visit.formats.now + Int64(-(23 - place) * 3_600_000)
                return ["from": visit.formats.time(to + -3_600_000), "to": visit.formats.time(to), "count": Formats.number(count)]
            },
        ]
    }

    private func reason(_ group: RefusalGroup, _ visit: Visit) -> Fields {
        var parameters = Parameters()
        parameters.add("kind", group.kind)
        parameters.add("reason", group.reason)
        return [
            "id": Int(group.source), "kind": group.kind, "reason": group.reason, "items": Formats.counted(group.items, "item"),
            "times": group.times == group.items ? nil : "came \(Formats.counted(group.times, "time"))",
            "last": visit.formats.ago(group.lastReceivedAt), "lastAt": group.lastReceivedAt.rfc3339,
            "lastWhole": visit.formats.whole(group.lastReceivedAt), "href": "/settings/sources/\(group.source)?\(parameters.encoded)#refused",
        ]
    }

    private func item(_ item: Quarantined, isWhole: Bool, _ visit: Visit) -> Fields {
        let refused = item.refused
        let fault = FaultPlace.find(in: refused.item, kind: refused.kind, reason: refused.reason)
        var shown = 0..<refused.item.count
        if !isWhole, shown.count > 2 * Self.excerpt {
            let middle = fault?.lowerBound ?? 0
            let from = max(0, min(middle - Self.excerpt, refused.item.count - 2 * Self.excerpt))
            shown = from..<(from + 2 * Self.excerpt)
        }
        let marked = (fault ?? (shown.upperBound..<shown.upperBound)).clamped(to: shown)
        return [
            "number": Int(item.id), "kind": refused.kind, "reason": refused.reason, "route": "/v1/" + refused.route,
            "message": refused.messageID, "bytes": Formats.counted(item.bytes, "byte"), "isTruncated": item.isTruncated,
            "kept": item.isTruncated ? Formats.number(refused.item.count) : nil,
            "times": item.times > 1 ? Formats.counted(item.times, "time") : nil,
            "first": visit.formats.whole(refused.receivedAt), "firstAt": refused.receivedAt.rfc3339,
            "firstAgo": visit.formats.ago(refused.receivedAt),
            "last": visit.formats.ago(item.lastReceivedAt), "lastAt": item.lastReceivedAt.rfc3339,
            "lastWhole": visit.formats.whole(item.lastReceivedAt),
            "before": Self.text(refused.item[shown.lowerBound..<marked.lowerBound]), "fault": fault == nil ? nil : Self.text(refused.item[marked]),
            "after": Self.text(refused.item[marked.upperBound..<shown.upperBound]),
            "isCutBefore": shown.lowerBound > 0, "isCutAfter": shown.upperBound < refused.item.count,
            "whole": shown.count < refused.item.count ? "/settings/sources/\(refused.source)?item=\(item.id)#refused" : nil,
            "id": Int(refused.source),
        ]
    }

    /// The bytes as a page may show them: what is no UTF-8, and control characters but the end of a line, as the mark that stands for such.
    static func text(_ bytes: ArraySlice<UInt8>) -> String {
        var bytes = bytes
        // What a cut left of a letter at either end is no fault of the item.
        while let first = bytes.first, bytes.count > 3, first & 0xc0 == 0x80, bytes.startIndex > 0 { bytes.removeFirst() }
        let text = String(decoding: bytes, as: UTF8.self)
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.properties.generalCategory == .control && $0 != "\n" && $0 != "\t" ? "\u{fffd}" : $0 }))
    }

    // MARK: What to do

    /// What a form means: one item, all of a reason, or all of the source.
    private func selection(_ visit: Visit, of source: SourceFigures) throws -> QuarantineSelection {
        let form = visit.request.form
        if let item = form["item"].flatMap({ Int64($0) }) { return .ids([item]) }
        if let kind = form["kind"], let reason = form["reason"] { return .fitting(QuarantineFilter(source: source.id, kind: kind, reason: reason)) }
        guard form["all"] != nil else { throw Self.nowhere }
        return .fitting(QuarantineFilter(source: source.id))
    }

    func replayItems(_ id: String, _ visit: Visit) async throws -> PageAnswer {
        let source = try await source(id)
        let done = try await services.sources.replay(try selection(visit, of: source))
        visit.trail.subject = Self.name(of: source)
        visit.trail.detail = "\(done.accepted) taken in, \(done.refused) refused again"
        sessions.leave(Sessions.Flash(text: Self.words(done)), for: visit.session)
        return .seeOther("/settings/sources/\(source.id)#refused")
    }

    /// `12 taken in. 3 refused again: timestamp is no time. … (2)`
    static func words(_ done: Replayed) -> String {
        if done.accepted == 0, done.refused == 0 { return "Nothing was left to try: somebody else was quicker." }
        var text = done.accepted == 0 ? "None taken in." : "\(Formats.number(done.accepted)) taken in."
        guard done.refused > 0 else { return text }
        let reasons = done.reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        text += " \(Formats.number(done.refused)) refused again: "
        text += reasons.prefix(3).map { $0.key + (done.refused > 1 ? " (\(Formats.number($0.value)))" : "") }.joined(separator: " ")
        if reasons.count > 3 { text += " And \(Formats.counted(reasons.count - 3, "other reason"))." }
        return text
    }

    func giveUpItems(_ id: String, _ visit: Visit) async throws -> PageAnswer {
        let source = try await source(id)
        let given = try await services.sources.giveUp(try selection(visit, of: source))
        visit.trail.subject = Self.name(of: source)
        visit.trail.detail = "\(given.count) given up"
        let text = given.count == 0 ? "Nothing was left to give up." : "\(Formats.counted(given.count, "item")) given up."
        let undo = given.count == 0 ? nil : "/settings/sources/\(source.id)/dismissals/\(given.number)/undo"
        sessions.leave(Sessions.Flash(text: text, undo: undo), for: visit.session)
        return .seeOther("/settings/sources/\(source.id)#refused")
    }

    func takeBackItems(_ id: String, _ number: String, _ visit: Visit) async throws -> PageAnswer {
        let source = try await source(id)
        guard let number = Int64(number) else { throw Self.nowhere }
        let count = try await services.sources.takeBack(number)
        visit.trail.subject = Self.name(of: source)
        visit.trail.detail = "\(count) taken back"
        let text = count == 0 ? "There was nothing to take back: it is gone for good." : "\(Formats.counted(count, "item")) back in quarantine."
        sessions.leave(Sessions.Flash(text: text), for: visit.session)
        return .seeOther("/settings/sources/\(source.id)#refused")
    }
}
