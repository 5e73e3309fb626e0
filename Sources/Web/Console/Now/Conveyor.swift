import Customers
import Kernel
import Ledger
import Rendering

extension Console {
    /// How many rows the conveyor begins with, and keeps.
    static let liveRows = 40
    /// More than this many in a second are counted instead of shown: nobody reads faster, and a listener must not slow the server.
    static let livePerSecond = 8

    /// What the conveyor begins with: the newest interactions that fit.
    func conveyor(_ asked: NowQuery, _ visit: Visit) async throws -> Fields {
        let rows = try await services.latest(asked.filter, Self.liveRows).map { liveRow($0, visit.formats) }
        return [
            "rows": rows, "some": !rows.isEmpty, "keep": Self.liveRows, "stream": "/now/stream" + asked.query, "isNarrowed": asked.isNarrowed,
            "most": Formats.number(ConsoleServices.mostSearched),
        ]
    }

    /// What the template of a live row shows.
    func liveRow(_ live: LiveItem, _ formats: Formats) -> Fields {
        let item = live.item
        let interaction = item.interaction
        let sentence = EventCatalogue.sentence(History.telling(item, services.json, formats))
        let best = interaction.identifiers.map { (kind: services.kindName($0.kind), value: $0.value) }
        let known = ["email", "phone", "loyalty_id", "user_id"].lazy.compactMap { kind in best.first { $0.kind == kind } }.first ?? best.first
        let who = Who(name: live.name, identifier: known, id: item.customer)
        let href = "/customers/\(item.customer)"
        var before: String?
        var after: String?
        var asides = sentence.asides
        if let amount = sentence.amount { asides.removeAll { $0 == amount } }
        let what = [sentence.what].compactMap { $0 } + (asides.isEmpty ? [] : [asides.joined(separator: ", ")])
        let rest = what.joined(separator: ", ")
        switch sentence.subject {
        case .customer: after = sentence.does + (rest.isEmpty ? "" : " " + rest)
        case .we: before = "We " + sentence.does + (rest.isEmpty ? "" : " " + rest) + ", for "
        case .nobody: after = sentence.does + (rest.isEmpty ? "" : rest.hasPrefix("(") ? " " + rest : ", " + rest)
        }
        let words = sentence.words.map { $0.count > 160 ? String($0.prefix(159)) + "…" : $0 }
        return [
            "time": formats.day(of: interaction.at) == formats.today ? formats.timeWithSeconds(interaction.at) : formats.shortDay(interaction.at),
            "at": interaction.at.rfc3339, "icon": sentence.icon ?? ChannelWords.icon(item.channel),
            "channel": ChannelWords.title(item.channel), "before": before, "after": after, "who": who.title, "href": href, "words": words,
            "colon": sentence.subject == .nobody,
            "amount": sentence.amount, "score": sentence.amount == nil ? sentence.score : nil, "tone": sentence.tone.rawValue,
        ]
    }

    /// `/now/stream`: the same as server-sent events (WHATWG HTML, section 9.2): `row` with the row's HTML, `skipped` with a sentence of how many
    /// were not shown in that second, and a comment every 15 seconds so that a broken connection is noticed.
    func liveStream(_ visit: Visit) throws -> PageAnswer {
        let source = try services.live(NowQuery(visit.request.query, channels: services.channels()).filter)
        let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingNewest(256))
        let cookie = visit.request.cookie(Self.cookieName(visit.request))
        let work = Task { [self] in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.follow(source, continuation) }
                group.addTask { await self.beat(cookie, continuation) }
                await group.next()
                group.cancelAll()
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in work.cancel() }
        return PageAnswer(
            status: 200, headers: [("content-type", "text/event-stream; charset=utf-8"), ("x-accel-buffering", "no")],
            body: .stream(stream, end: { continuation.finish() }))
    }

    /// Writes each interaction until the source ends.
    private func follow(_ source: AsyncStream<LiveItem>, _ out: AsyncStream<[UInt8]>.Continuation) async {
        out.yield(Array("retry: 3000\n\n".utf8))
        var second: Int64 = 0
        var shown = 0
        var skipped = 0
        for await item in source {
            if Task.isCancelled { return }
            let now = services.clock.now
            if now.seconds != second {
                if skipped > 0 { out.yield(Self.event("skipped", "\(Formats.number(skipped)) more in the last second.")) }
                (second, shown, skipped) = (now.seconds, 0, 0)
            }
            guard shown < Self.livePerSecond else {
                skipped += 1
                continue
            }
            shown += 1
            var fields = liveRow(item, formats(now))
            fields["icons"] = resources.address(of: "icons.svg")
            fields["fresh"] = true
            guard let html = try? render("live-row", fields) else { continue }
            out.yield(Self.event("row", html))
        }
    }

    /// Keeps the connection alive, and ends it when whoever looks is signed out.
    private func beat(_ cookie: String?, _ out: AsyncStream<[UInt8]>.Continuation) async {
        while true {
            do { try await Task.sleep(for: .seconds(15)) } catch { return }
            guard sessions.find(cookie, touching: false) != nil else {
                out.yield(Self.event("over", "signed out"))
                return
            }
            out.yield(Array(": still here\n\n".utf8))
        }
    }

    /// One event. A line break in the data begins another `data` line, so nothing inside can end the event.
    static func event(_ name: String, _ data: String) -> [UInt8] {
        var text = "event: " + name + "\n"
        for line in data.split(omittingEmptySubsequences: true, whereSeparator: \.isNewline) { text += "data: " + line + "\n" }
        return Array((text + "\n").utf8)
    }
}
