import Access
import Customers
import Kernel
import Rendering

extension Console {
    /// How many reviews a page shows.
    static let reviewsShown = 10

    /// `/reviews`: likely duplicates that no rule joins, side by side.
    func reviewsPage(_ visit: Visit) async throws -> PageAnswer {
        let count = try await services.reviewCount()
        var cards: [Fields] = []
        let mayDecide = visit.may(.change)
        for review in try await services.reviews(Self.reviewsShown) {
            // One of the two may have been erased or joined since the list was made.
            guard let a = try await services.view(.id(review.a)), let b = try await services.view(.id(review.b)), a.id != b.id else { continue }
            var card = compare(a, b, visit.formats)
            card["id"] = String(review.id)
            card["title"] = Who(a).title == Who(b).title ? Who(a).title + ", twice" : Who(a).title + " and " + Who(b).title
            card["reasons"] = review.reasons.map { Self.reason($0, visit.formats) }
            card["likeness"] = Self.likeness(review.likeness)
            card["found"] = visit.formats.ago(review.at)
            card["mayDecide"] = mayDecide
            card["nameA"] = Who(a).title
            card["nameB"] = Who(b).title
            cards.append(card)
        }
        let head =
            switch count {
            case 0: "Nothing waits for a decision."
            case 1: "1 pair that no rule joins. Someone has to say whether they are one person."
            default: "\(Self.counted(count)) pairs that no rule joins. Someone has to say whether they are one person."
            }
        return try await page(
            "reviews", title: "Reviews", room: "reviews", visit,
            [
                "head": head, "cards": cards, "none": cards.isEmpty, "more": count > cards.count && !cards.isEmpty,
                "mayNot": !mayDecide && !cards.isEmpty,
            ])
    }

    /// `Same date of birth 2 Apr 1980`: what Identity says, with days as the page writes them.
    static func reason(_ text: String, _ formats: Formats) -> String {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map { word in
            let bare = word.hasSuffix(",") || word.hasSuffix(":") ? word.dropLast() : word
            return formats.readable(String(bare)).map { $0 + word.dropFirst(bare.count) } ?? String(word)
        }
        let sentence = words.joined(separator: " ")
        return sentence.prefix(1).uppercased() + sentence.dropFirst()
    }

    /// `92% alike`. Never 100%: then a rule would have joined them.
    static func likeness(_ likeness: Double) -> String { likeness > 0.99 ? "over 99% alike" : "\(Int((likeness * 100).rounded()))% alike" }

    /// `POST /reviews/{id}`: one person or two.
    func decide(_ number: String, _ visit: Visit) async throws -> PageAnswer {
        try Self.demand(.change, of: visit, to: "decide about duplicates")
        guard let number = Int64(number), let decision = visit.request.form["decision"], ["same", "two"].contains(decision) else {
            throw Self.nowhere
        }
        let names = [visit.request.form["a"], visit.request.form["b"]].compactMap { $0.map { String($0.prefix(80)) } }
        try await services.decide(number, decision == "same", visit.session.principal)
        let text =
            decision == "same"
            ? "\(names.first ?? "The first") and \(names.last ?? "the second") are one customer now."
            : "Two people. They will not be suggested again."
        sessions.leave(Sessions.Flash(text: text, undo: "/reviews/\(number)/reopening"), for: visit.session)
        return .seeOther("/reviews")
    }

    /// `POST /reviews/{id}/reopening`: the decision is taken back, and the pair waits again.
    func reopen(_ number: String, _ visit: Visit) async throws -> PageAnswer {
        try Self.demand(.change, of: visit, to: "decide about duplicates")
        guard let number = Int64(number) else { throw Self.nowhere }
        visit.trail.detail = "taken back"
        let isOpen = try await services.reopen(number, visit.session.principal)
        let text =
            isOpen
            ? "The decision is taken back: the pair waits here again."
            : "The decision is taken back. Something else joins these two by now, or keeps them apart."
        sessions.leave(Sessions.Flash(text: text), for: visit.session)
        return .seeOther("/reviews")
    }
}
