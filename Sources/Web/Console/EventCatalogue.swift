import Kernel
import Ledger

/// Says in words what happened, for the event names that many companies send; the rest is shown by its own name.
///
/// Names are compared by letters and digits alone, so `Order Completed`, `order_completed` and `orderCompleted` are one.
/// The names are those of Segment's specifications for commerce, e-mail and mobile, and those of service and surveys that are widely used.
enum EventCatalogue {
    typealias Entry = @Sendable (Telling) -> Sentence

    /// The sentence of an interaction.
    static func sentence(_ telling: Telling) -> Sentence {
        if telling.type == .identify || telling.name == "Customer Identified" { return identified(telling) }
        let name = Properties.plain(telling.name)
        var sentence = (entries[name] ?? byShape(name, telling) ?? fallback)(telling)
        if sentence.words == nil, sentence.said == nil, let words = telling.properties.words {
            if telling.direction == .in { sentence.words = words } else if telling.direction == .out { sentence.said = words }
        }
        if sentence.words == nil, sentence.said == nil { sentence.said = telling.properties.note }
        return sentence
    }

    /// What many similar ones of are folded into one line: `12 pages`.
    static func small(_ name: String) -> (one: String, many: String)? { smalls[Properties.plain(name)] }

    private static let smalls: [String: (String, String)] = [
        "pageviewed": ("page", "pages"), "screenviewed": ("screen", "screens"), "productviewed": ("product", "products"),
        "productlistviewed": ("list of products", "lists of products"), "productlistfiltered": ("filter", "filters"),
        "productclicked": ("product clicked", "products clicked"), "productssearched": ("search", "searches"),
        "cartviewed": ("look at the basket", "looks at the basket"), "emailopened": ("e-mail opened", "e-mails opened"),
        "emaildelivered": ("e-mail delivered", "e-mails delivered"), "promotionviewed": ("offer seen", "offers seen"),
        "applicationopened": ("start of the app", "starts of the app"), "applicationbackgrounded": ("pause of the app", "pauses of the app"),
        "pushnotificationreceived": ("notification delivered", "notifications delivered"), "customeridentified": ("detail told", "details told"),
    ]

    private static let entries: [String: Entry] = shop.merging(messages) { first, _ in first }.merging(account) { first, _ in first }

    /// What the ends of a name say, for names that companies make up in known shapes.
    private static func byShape(_ name: String, _ telling: Telling) -> Entry? {
        if name.contains("nps") || name.hasSuffix("surveyanswered") || name.hasSuffix("surveycompleted") || name.hasSuffix("surveysubmitted") {
            return answered
        }
        if name.hasPrefix("complaint") || name.hasSuffix("complained") { return complained }
        if name.hasSuffix("message") || name.hasPrefix("message"), telling.direction != .internal { return message }
        return nil
    }

    private static let fallback: Entry = { telling in
        Sentence(.nobody, telling.name.isEmpty ? "Something without a name" : telling.name, nil, telling.properties.telling(telling.formats))
    }

    private static let identified: Entry = { telling in
        let keys = telling.properties.members.filter { !$0.value.isNull }.map { NameWords.inline($0.key) }
        var sentence = Sentence(.customer, keys.isEmpty ? "was recognised" : "told us", nil, [])
        if !keys.isEmpty { sentence.what = keys.prefix(4).joined(separator: ", ") + (keys.count > 4 ? " and \(keys.count - 4) more" : "") }
        if telling.direction != .in { sentence = Sentence(.nobody, "Details came in", sentence.what.map { "(" + $0 + ")" }) }
        return sentence
    }

    /// An answer to a survey, or a review.
    static let answered: Entry = { telling in
        let p = telling.properties
        let score = p.number("score", "rating", "stars", "npsscore", "nps", "csat", "ces", "reviewscore", "value", "grade")
        let plain = Properties.plain(telling.name)
        let survey = p.text("surveyname", "survey", "surveytitle", "form", "formname", "campaign")
        let scale: Double? =
            p.number("scale", "scalemax", "maxscore", "max", "outof")
            ?? (plain.contains("nps") || p.value(["nps", "npsscore"]) != nil || (survey ?? "").uppercased().contains("NPS")
                ? 10
                : p.value(["stars", "csat", "reviewscore", "rating"]) != nil ? 5 : p.value(["ces"]) != nil ? 7 : nil)
        var sentence: Sentence
        if let score {
            let text = Formats.number(score, places: 1) + (scale.map { " of " + Formats.number($0) } ?? "")
            sentence = Sentence(.customer, "answered " + text, nil, [survey, p.text("question", "questiontext")], icon: "answer")
            sentence.score = Formats.number(score, places: 1)
            if let scale, scale > 0 {
                // Ten is read as NPS is (6 and below detract, 9 and above promote); other scales by thirds.
                let share = score / scale
                sentence.tone = scale == 10 ? (score <= 6 ? .bad : score >= 9 ? .good : .plain) : share <= 0.43 ? .bad : share >= 0.8 ? .good : .plain
            }
        } else {
            sentence = Sentence(.customer, "answered", survey, [p.text("question", "questiontext")], icon: "answer")
        }
        if telling.direction == .out { return Sentence(.we, "asked", survey ?? "a question", [], icon: "survey") }
        // A question is ours; what stands beside it is the customer's.
        sentence.words = ["comment", "text", "answer", "feedback", "verbatim", "review", "message", "reviewcommentmessage", "body"]
            .lazy.compactMap { p.value([$0])?.string?.trimmed }.first { !$0.isEmpty }
        return sentence
    }

    /// A note of a colleague. An event of this name that comes from a customer or from us is what it says.
    static let noted: Entry = { telling in
        let p = telling.properties
        guard telling.direction == .internal else { return Sentence(telling.direction == .in ? .customer : .we, "wrote a note") }
        var sentence = Sentence(.nobody, p.text("authorname").map { $0 + " wrote a note" } ?? "Somebody wrote a note")
        sentence.said = p.value(["text"])?.string?.trimmed
        sentence.origin = "by a colleague"
        return sentence
    }

    static let complained: Entry = { telling in
        let p = telling.properties
        var sentence = Sentence(
            .customer, "complained", p.text("subject", "topic", "reason", "category").map { "about " + $0 }, [p.order], icon: "alert")
        sentence.tone = .bad
        return sentence
    }

    /// A message in either direction, in the verb of its channel.
    static let message: Entry = { telling in
        let p = telling.properties
        let subject = p.text("subject", "title", "emailsubject").map { "“" + $0 + "”" }
        let isIn = telling.direction == .in
        let does =
            switch telling.channel {
            case "sms": "texted"
            case "chat": isIn ? "wrote in the chat" : "answered in the chat"
            case "phone": "called"
            case "social": isIn ? "wrote in public" : "answered in public"
            case "letter": "wrote a letter"
            case "push": isIn ? "wrote" : "notified"
            default: "wrote"
            }
        return Sentence(
            isIn ? .customer : .we, does, subject, [p.text("agent", "agentname", "with", "author").map { "with " + $0 }, p.text("topic")])
    }
}
