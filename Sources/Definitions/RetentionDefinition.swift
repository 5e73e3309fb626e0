/// How long interactions are kept, by their names.
package struct RetentionDefinition: Definition, Equatable {
    package static let kind = "retention"
    package static let summary = "How long interactions are kept, by their names."

    package static let guide = DefinitionGuide(
        fields: [
            .init("events", "names of interactions, each once, with how long each is kept"),
            .init("events[].name", "an interaction's name"),
            .init("events[].keep", "`N days`, `N weeks` or `N years` (of 365 days) after it happened, 1 day to 36,500; or `forever`"),
            .init("everything_else", "the same for every other name"),
        ],
        example: """
            retention:
              events:
                - name: Page Viewed
                  keep: 400 days
                - name: Order Completed
                  keep: forever
              everything_else: 10 years

            """)

    /// How long something is kept.
    package enum Keep: Equatable, Sendable {
        case forever
        /// 1 to ``longest``.
        case days(Int)
    }

    /// A name, and how long interactions of it are kept after they happened.
    package struct Event: Equatable, Sendable {
        package var name: String
        package var keep: Keep
    }

    /// The most days: a hundred years.
    package static let longest = 36_500
    /// The most names.
    package static let mostEvents = 500
    /// What our own people write about customers belongs to the notes, and what is worked out of audiences and stages is what membership
    /// follows from: neither is kept by a name.
    package static let ours = ["Note Written", "Audience Entered", "Audience Left", "Stage Changed"]

    /// Each name once.
    package var events: [Event] = []
    /// For every name that is not in ``events``.
    package var everythingElse = Keep.forever

    package init(reading reader: Reader) {
        var seen: Set<String> = []
        let found = reader.mappings("events", count: 0...Self.mostEvents) { event -> Event? in
            let name = event.required("name", event.text("name", 1...200, example: "Page Viewed"), example: "Page Viewed")
            let keep = Self.keep(event, "keep", required: true)
            guard let name else { return nil }
            if Self.ours.contains(name) {
                let mend = "remove it: it is not taken out by its name"
                event.problem("\(name) is written by \(name == Self.ours[0] ? "your own people" : "Sightline itself")", mend: mend, with: "name")
                return nil
            }
            if !seen.insert(name).inserted {
                event.problem("\(name.prefix(60)) stands here twice", mend: "say once how long it is kept", with: "name")
                return nil
            }
            return keep.map { Event(name: name, keep: $0) }
        }
        events = (found ?? []).compactMap { $0 }
        everythingElse = Self.keep(reader, "everything_else", required: false) ?? .forever
    }

    /// `forever`, `400 days`, `52 weeks`, `2 years`.
    private static func keep(_ reader: Reader, _ key: String, required: Bool) -> Keep? {
        let example = "400 days, 52 weeks, 2 years (of 365 days) or forever"
        let text = reader.text(key, 1...40, example: "\(key): 400 days")
        guard let text = required ? reader.required(key, text, example: "400 days") : text else { return nil }
        if text == "forever" { return .forever }
        let words = text.split(separator: " ")
        let units = ["day": 1, "days": 1, "week": 7, "weeks": 7, "year": 365, "years": 365]
        guard words.count == 2, let number = Int(words[0]), let unit = units[String(words[1])] else {
            reader.problem("\(text) is no length of time", mend: "write \(example)", with: key)
            return nil
        }
        let (days, isTooMuch) = number.multipliedReportingOverflow(by: unit)
        guard !isTooMuch, (1...longest).contains(days) else {
            reader.problem("\(text) is out of range", mend: "write 1 day to \(longest) days, or forever", with: key)
            return nil
        }
        return .days(days)
    }

    package func write(to yaml: inout YAMLText) {
        yaml.list("events", events) { event, yaml in
            yaml.put("name", event.name)
            yaml.put("keep", Self.text(event.keep))
        }
        yaml.put("everything_else", Self.text(everythingElse))
    }

    /// `400 days`, `forever`.
    package static func text(_ keep: Keep) -> String {
        switch keep {
        case .forever: "forever"
        case .days(let days): days == 1 ? "1 day" : "\(days) days"
        }
    }
}
