import Access
import Audit
import Customers
import Kernel
import Notes
import Rendering

/// A note that was not written: what was typed, and why it was refused.
struct RefusedNote: Sendable {
    var text: String
    var reason: String
    var status: Int
}

extension Console {
    /// This many notes stand on a customer's page at once, and so many more on demand; the timeline has all.
    static let notesShown = 3
    static let notesKnown = 20
    /// Characters of a note that are shown at once; the rest on demand.
    static let noteShown = 600
    /// This many colleagues are named who looked at a customer.
    static let looksShown = 5
    /// This many notes stand on the page of mentions.
    static let mentionsShown = 50

    /// The newest notes on a customer, and the form for another.
    func addNotes(to fields: inout Fields, on view: CustomerView, _ visit: Visit, _ refused: RefusedNote?) async throws {
        let notes = try await services.notes.on(view.id, Self.notesKnown + 1)
        let shown = notes.prefix(Self.notesKnown).map { self.fields(of: $0, visit) }
        fields["notes"] = Array(shown.prefix(Self.notesShown))
        fields["moreNotes"] = Array(shown.dropFirst(Self.notesShown))
        fields["moreNotesCount"] = shown.count > Self.notesShown ? Formats.number(shown.count - Self.notesShown) : nil
        fields["allNotes"] =
            notes.count > shown.count ? "/customers/\(view.id)?name=\(Parameters.encoded(Notes.eventName))#timeline" : nil
        fields["noNotes"] = notes.isEmpty
        fields["writeNote"] = visit.may(.annotate) ? "/customers/\(view.id)/notes" : nil
        fields["noteText"] = refused?.text
        fields["noteFault"] = refused?.reason
        fields["noteLongest"] = Note.longest
    }

    /// Which colleagues looked at the customer last. Whoever looks now knows about themselves.
    func addLooks(to fields: inout Fields, at view: CustomerView, _ visit: Visit) throws {
        let ids = view.ids.prefix(100).map(\.description)
        let looks = try services.audit.looks(at: ids, leavingOut: visit.session.principal.id, limit: Self.looksShown)
        fields["looks"] = looks.map { look in
            [
                "name": PersonID(look.actor).flatMap { services.staff.person($0)?.label } ?? look.name, "when": visit.formats.ago(look.at),
                "at": look.at.rfc3339, "whole": visit.formats.whole(look.at),
            ] as Fields
        }
        fields["hasLooks"] = !looks.isEmpty
    }

    /// `POST /customers/{id}/notes`: writes a note. One that is refused comes back with its text, and why.
    func writeNote(_ reference: String, _ visit: Visit) async throws -> PageAnswer {
        let view = try await customer(reference, visit)
        let text = visit.request.form.raw("text").replacing("\r\n", with: "\n").trimmed
        let me = visit.session.person.id
        // Only those are told who may read what they are told of.
        let readers = services.staff.people.filter { Permission.read.roles.contains($0.role) }
        let mentions = Notes.mentions(in: text, of: readers).filter { $0 != me }
        do {
            _ = try await services.notes.write(text, view.id, visit.session.principal, mentions)
        } catch let problem as NoteProblem where problem != .noCustomer {
            return try await customerPage(view, visit, refused: RefusedNote(text: text, reason: Self.reason(problem), status: 422))
        } catch NoteProblem.noCustomer {
            throw Self.nobody
        }
        let told = mentions.compactMap { id in readers.first { $0.id == id }?.label }
        let flash = told.isEmpty ? "Your note is written." : "Your note is written. \(Self.listed(told)) will find it under Mentions."
        sessions.leave(Sessions.Flash(text: flash), for: visit.session)
        return .seeOther("/customers/\(view.id)")
    }

    private static func reason(_ problem: NoteProblem) -> String {
        switch problem {
        case .length(0): "There is nothing in it yet."
        case .length(let count):
            "A note has \(Formats.number(Note.longest)) characters at most; this one has \(Formats.number(count)). Nothing was written."
        case .tooManyMentions(let count): "A note mentions \(Note.mostMentions) colleagues at most; this one \(count). Nothing was written."
        case .noCustomer: nobody.detail
        }
    }
    /// `Ann, Ben and Cem`
    private static func listed(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }

    /// How many notes mention whoever looks that they have not seen.
    func newMentions(_ visit: Visit) async -> Int {
        let me = visit.session.person.id
        let seen = services.staff.person(me)?.mentionsSeenAt ?? Instant(milliseconds: 0)
        return (try? await services.notes.count(me, seen)) ?? 0
    }

    /// `/mentions`: the notes that mention whoever looks, newest first. Whoever opens the page has seen them.
    func mentionsPage(_ visit: Visit) async throws -> PageAnswer {
        let me = visit.session.person.id
        let before = services.staff.person(me)?.mentionsSeenAt ?? Instant(milliseconds: 0)
        let notes = try await services.notes.mentioning(me, Self.mentionsShown + 1)
        var customers: [CustomerID: CustomerView] = [:]
        var items: [Fields] = []
        for note in notes.prefix(Self.mentionsShown) {
            if customers[note.customer] == nil { customers[note.customer] = try await services.view(.id(note.customer)) }
            guard let view = customers[note.customer] else { continue }
            var item = fields(of: note, visit)
            item["customer"] = Who(view).title
            item["href"] = "/customers/\(view.id)"
            item["isNew"] = note.at > before && note.author != me.description
            items.append(item)
        }
        // Up to the newest that is shown, and not up to now: one may be on its way that was written before now.
        if visit.request.method == .get, let newest = notes.first?.at, newest > before { try services.staff.sawMentions(me, upTo: newest) }
        return try await page(
            "mentions", title: "Mentions", room: "mentions", visit,
            ["mentions": items, "none": items.isEmpty, "more": notes.count > Self.mentionsShown ? Formats.number(Self.mentionsShown) : nil])
    }

    private func fields(of note: Note, _ visit: Visit) -> Fields {
        let names = note.mentions.compactMap(services.staff.person).flatMap { [$0.name, String($0.email.prefix { $0 != "@" })] }
        let start = note.text.prefix(Self.noteShown)
        let rest = note.text.dropFirst(Self.noteShown)
        let author = PersonID(note.author).flatMap { services.staff.person($0)?.label } ?? note.authorName
        return [
            "author": author.isEmpty ? "Somebody" : author, "when": visit.formats.ago(note.at), "at": note.at.rfc3339,
            "whole": visit.formats.whole(note.at), "pieces": NotePiece.pieces(of: start, naming: names).map(\.fields),
            "rest": NotePiece.pieces(of: rest, naming: names).map(\.fields), "hasRest": !rest.isEmpty,
        ]
    }
}

/// A stretch of a note's text: a colleague's name, or what stands between.
struct NotePiece: Sendable, Equatable {
    var text: String
    var isMention: Bool
    var fields: Fields { isMention ? ["mention": text] : ["plain": text] }

    /// Takes a text apart at `@Name` for some names, the longest that fits first, whatever their case.
    static func pieces(of text: Substring, naming names: [String]) -> [NotePiece] {
        let known = names.filter { !$0.isEmpty }.map { (plain: $0.lowercased(), count: $0.count) }.sorted { $0.count > $1.count }
        var pieces: [NotePiece] = []
        var from = text.startIndex
        var at = text.startIndex
        while let sign = known.isEmpty ? nil : text[at...].firstIndex(of: "@") {
            at = text.index(after: sign)
            let rest = text[at...]
            let fitting = known.first { name in
                let found = rest.prefix(name.count)
                guard found.lowercased() == name.plain else { return false }
                return rest[found.endIndex...].first.map { !$0.isLetter && !$0.isNumber } ?? true
            }
            guard let fitting else { continue }
            if from < sign { pieces.append(NotePiece(text: String(text[from..<sign]), isMention: false)) }
            let end = rest.index(at, offsetBy: fitting.count)
            pieces.append(NotePiece(text: String(text[sign..<end]), isMention: true))
            from = end
            at = end
        }
        if from < text.endIndex { pieces.append(NotePiece(text: String(text[from...]), isMention: false)) }
        return pieces
    }
}
