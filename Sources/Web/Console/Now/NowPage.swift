import Customers
import Kernel
import Rendering

/// `/now`: today's figures beside those of other weeks, and what customers do as it happens.
extension Console {
    /// Weeks that today is compared with.
    static let nowWeeks = 8

    func nowPage(_ visit: Visit) async throws -> PageAnswer {
        let channels = services.channels()
        let asked = NowQuery(visit.request.query, channels: channels)
        var fields = try await nowFields(visit)
        fields.merge(try await conveyor(asked, visit))
        fields["chips"] =
            [["href": "/now" + asked.query(channel: nil) + "#feed", "label": "Everything", "current": asked.filter.channel == nil] as Fields]
            + channels.map { name -> Fields in
                [
                    "href": "/now" + asked.query(channel: name) + "#feed", "label": ChannelWords.title(name),
                    "current": asked.filter.channel == name,
                ]
            }
        fields["channel"] = asked.filter.channel
        fields["only"] = asked.filter.channel.map(ChannelWords.title)
        fields["name"] = asked.filter.name
        fields["value"] = asked.typedValue
        fields["badValue"] = asked.isFaulty
        fields["names"] = services.names().sorted()
        fields["withoutFilter"] = "/now" + (asked.filter.channel.map { "?channel=" + Parameters.encoded($0) } ?? "") + "#feed"
        return try await page("now", title: "Now", room: "now", visit, status: asked.isFaulty ? 422 : 200, fields)
    }

    /// `/now/figures`: what stands above the conveyor, for pages that stay open.
    func nowFigures(_ visit: Visit) async throws -> PageAnswer {
        try part("now-figures", try await nowFields(visit))
    }

    /// Today's figures, the weeks before, and where customers were in the last hour.
    private func nowFields(_ visit: Visit) async throws -> Fields {
        let formats = visit.formats
        let workspace = services.workspace()
        let today = formats.today
        let calendar = (0...7 * Self.nowWeeks).reversed().map { Formats.Day(number: today.number - $0) }
        let days = calendar.map(formats.start)
        let now = formats.now
        let untils = calendar.map { $0 == today ? now : formats.moment(sameTimeAs: now, on: $0) }
        let figures = await figureKeeper.figures(.init(days: days, orders: workspace.orders), now: now) { [services] in
            await services.figures(days, untils, workspace.orders)
        }
        let comparison = WeeklyComparison(figures, weekday: formats.weekday(today), time: formats.time(figures.asOf), currency: workspace.currency)
        let hour = figures.channels.reduce(0) { $0 + $1.count }
        let most = Double(figures.channels.first?.count ?? 1)
        return [
            "moment": formats.heading(today).rest + ", " + formats.time(figures.asOf), "time": formats.time(figures.asOf),
            "weekday": formats.weekday(today), "figures": comparison.figures, "hasWeeks": comparison.hasWeeks,
            "hour": hour > 0 ? Formats.counted(hour, "interaction") : nil,
            "channels": figures.channels.map { channel -> Fields in
                [
                    "name": ChannelWords.title(channel.name), "count": Formats.number(channel.count),
                    "width": Formats.drawn(96 * Double(channel.count) / most),
                ]
            },
            "days": figures.days.indices.reversed().map { at -> Fields in
                let whole = figures.whole[at]
                return [
                    "day": formats.shortDate(figures.days[at]), "iso": calendar[at].iso, "isToday": at == figures.days.count - 1,
                    "interactions": Formats.number(whole.interactions), "customers": Formats.number(whole.customers),
                    "orders": Formats.number(whole.orders), "spent": Formats.money(whole.spent, workspace.currency),
                    "bareInteractions": whole.interactions, "bareCustomers": whole.customers, "bareOrders": whole.orders,
                    "bareSpent": Formats.bare(whole.spent.tidy),
                ]
            },
        ]
    }
}

/// Today until now against the same stretch of a week ago, and against what is usual on this day of the week.
private struct WeeklyComparison {
    let figures: [Fields]
    /// Whether there was anything on this day of the week before.
    let hasWeeks: Bool

    private struct Measure {
        let name: String
        let of: (PeriodFigures) -> Double
        let words: (Double) -> String
    }

    init(_ found: DayFigures, weekday: String, time: String, currency: String?) {
        let today = found.days.count - 1
        // Weeks before anything was ever sent say nothing about what is usual.
        let begun = found.whole.firstIndex { $0.interactions > 0 } ?? today
        let same = stride(from: today - 7, through: 0, by: -7).filter { $0 >= begun }
        let over = Int((found.asOf.seconds - found.days[today].seconds) / 1800)
        let whole: (Double) -> String = { Formats.number(Int($0.rounded())) }
        let measures = [
            Measure(name: "Interactions", of: { Double($0.interactions) }, words: whole),
            Measure(name: "Customers", of: { Double($0.customers) }, words: whole),
            Measure(name: "Orders", of: { Double($0.orders) }, words: whole),
            Measure(name: "Spent", of: { $0.spent }, words: { Formats.money($0, currency) }),
        ]
        hasWeeks = !same.isEmpty
        figures = measures.map { measure in
            let value = measure.of(found.untilNow[today])
            let usual = UsualRange(same.map { measure.of(found.untilNow[$0]) })
            let slots = found.halfHours.map { $0.map(measure.of) }
            let last = slots.count > 1 && same.first == today - 7 ? slots[slots.count - 2] : []
            let weeks = same.map { slots[slots.count - 1 - (today - $0) / 7] }
            let ranges = (slots.last ?? []).indices.map { slot in UsualRange(weeks.compactMap { slot < $0.count ? $0[slot] : nil }) }
            // The half hour that is under way would look like a fall.
            let spark = Spark(today: Array((slots.last ?? []).prefix(over)), last: last, usual: ranges)
            let before = same.first == today - 7 ? measure.of(found.untilNow[today - 7]) : nil
            let words = measure.words(value)
            let brief = Formats.figure(value, words)
            var fields: Fields = [
                "name": measure.name, "value": brief, "whole": brief == words ? nil : words, "isLong": brief.count > 9, "spark": spark.fields,
            ]
            if let before {
                let change = Change(from: before, to: value)
                fields["change"] = change.words
                fields["isUp"] = change.isUp
                fields["isDown"] = change.isDown
                let link = change.words == nil ? "" : change.isTimes ? "what it was, " : "on "
                fields["against"] = change.isSame ? "as last \(weekday)" : link + "\(measure.words(before)) last \(weekday)"
                fields["drawing"] = "\(measure.name) by half hour: \(change.sentence) last \(weekday) until \(time)"
            } else {
                fields["against"] = "Nothing to compare with last \(weekday)"
                fields["drawing"] = "\(measure.name) by half hour today"
            }
            if let usual {
                fields["basis"] =
                    "Usual for a \(weekday) by \(time): \(measure.words(usual.low)) to \(measure.words(usual.high)), from \(usual.count) weeks"
                if !usual.contains(value) { fields["unusual"] = value < usual.low ? "Less than usual" : "More than usual" }
            } else {
                fields["basis"] = "What is usual shows after \(UsualRange.fewest) weeks"
            }
            return fields
        }
    }

    /// How two values differ, in words.
    private struct Change {
        /// `5.4%`; nil where there is nothing to take a share of.
        let words: String?
        let isUp: Bool
        let isDown: Bool
        var isSame: Bool { !isUp && !isDown }
        var isTimes = false
        let sentence: String

        init(from before: Double, to now: Double) {
            isUp = now > before
            isDown = now < before
            guard isUp || isDown else {
                words = "The same"
                sentence = "the same as"
                return
            }
            guard before > 0 else {
                words = nil
                sentence = "above"
                return
            }
            guard now < 10 * before else {
                isTimes = true
                words = "\(Formats.number(Int((now / before).rounded()))) times"
                sentence = "\(Formats.number(Int((now / before).rounded()))) times as much as"
                return
            }
            let percent = abs(now - before) / before * 100
            let said = Formats.number(percent, places: percent < 10 ? 1 : 0) + "%"
            words = said
            sentence = said + (isUp ? " above" : " below")
        }
    }
}
