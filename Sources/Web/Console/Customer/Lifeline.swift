import Customers
import Kernel
import Rendering

/// The relationship on one line: interactions a week as bars, what was said to us in them darker, orders as dots above.
struct Lifeline {
    /// The weeks of the wide drawing, a year and some, and of the narrow one.
    static let wide = 62
    static let narrow = 26

    let weeks: [Relationship.Week]
    let formats: Formats

    /// One of the drawings, in its own units.
    private struct Drawing {
        let width: Double
        let weeks: ArraySlice<Relationship.Week>

        private static let height = 54.0
        private static let floor = 62.0

        func fields() -> Fields {
            let step = width / Double(weeks.count)
            let bar = max(1, step - 2)
            // A week with very much does not make all others disappear.
            let most = Double(max(4, weeks.map(\.interactions).sorted().dropLast(weeks.count / 20).last ?? 0))
            func height(_ count: Int) -> Double { count == 0 ? 0 : max(1.5, min(1, Double(count) / most) * Self.height) }
            var bars: [Fields] = []
            var orders: [Fields] = []
            for (place, week) in weeks.enumerated() {
                let x = Double(place) * step + (step - bar) / 2
                func rect(_ count: Int, spoken: Bool) {
                    let tall = height(count)
                    bars.append([
                        "x": Formats.drawn(x), "y": Formats.drawn(Self.floor - tall), "width": Formats.drawn(bar),
                        "height": Formats.drawn(tall), "spoken": spoken,
                    ])
                }
                if week.interactions > 0 { rect(week.interactions, spoken: false) }
                if week.talks > 0 { rect(week.talks, spoken: true) }
                if week.orders > 0 { orders.append(["x": Formats.drawn(x + bar / 2)]) }
            }
            return ["width": Formats.drawn(width), "bars": bars, "orders": orders]
        }
    }

    /// Nothing when nothing happened in these weeks.
    var fields: Fields? {
        guard let first = weeks.firstIndex(where: { $0.interactions > 0 }) else { return nil }
        // A short relationship is not drawn at the end of an empty line.
        let known = weeks[min(first, max(0, weeks.count - 12))...]
        let total = known.reduce(0) { $0 + $1.interactions }
        let orders = known.reduce(0) { $0 + $1.orders }
        let start = formats.date(Formats.Day(number: formats.today.number - 7 * known.count + 1))
        let said = "\(Formats.counted(total, "interaction")) a week at a time since \(start), \(Formats.counted(orders, "order")) among them"
        return [
            "wide": Drawing(width: 1160, weeks: known).fields(), "narrow": Drawing(width: 358, weeks: known.suffix(Self.narrow)).fields(),
            "said": said, "since": start, "count": Formats.counted(total, "interaction"),
            "narrowWeeks": known.count > Self.narrow ? "the last \(Self.narrow) weeks" : nil,
        ]
    }
}

extension Console {
    /// What a customer is worth, how lately they came, and the line of it all.
    func addRelationship(to fields: inout Fields, of view: CustomerView, _ visit: Visit) async {
        let workspace = services.workspace()
        let formats = visit.formats
        let tomorrow = formats.start(of: Formats.Day(number: formats.today.number + 1))
        let found = await services.relationship(view.id, workspace.orders, Lifeline.wide, tomorrow)
        fields["lifeline"] = Lifeline(weeks: found.weeks, formats: formats).fields
        guard found.orders > 0, let first = found.firstOrder, let last = found.lastOrder else { return }
        func money(_ name: String, _ value: Double, _ basis: String) -> Fields {
            let whole = Formats.money(value, workspace.currency)
            let brief = Formats.figure(value, whole)
            return ["name": name, "value": brief, "whole": brief == whole ? nil : whole, "basis": basis]
        }
        var worth: [Fields] = [
            ["name": "Orders", "value": Formats.number(found.orders), "basis": "since " + formats.shortDate(first)],
            money("Spent", found.spent, "over all orders"),
        ]
        if let average = found.average {
            worth.append(money("An order", average, "on average"))
        }
        let days = formats.today.number - formats.day(of: last).number
        var basis = "on " + formats.shortDate(last)
        if found.orders > 1 {
            let between = Double(last.seconds - first.seconds) / 86_400 / Double(found.orders - 1)
            basis += between >= 1 ? ", every \(Formats.counted(Int(between.rounded()), "day")) on average" : ", several a day"
        }
        worth.append(["name": "Last order", "value": days <= 0 ? "Today" : Formats.counted(days, "day") + " ago", "basis": basis])
        fields["worth"] = worth
        fields["hasWorth"] = true
    }
}
