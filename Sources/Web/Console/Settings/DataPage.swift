import Access
import Audit
import Customers
import Kernel
import Ledger
import Pipeline
import Rendering

/// The data itself: how much there is, how long it is kept, who is erased, and all of it as a file.
extension Console {
    static let dataRoutes: [PageRoute] = [
        PageRoute(.get, "/settings/data", .administer, to: "look after the data") { try await $0.dataPage($1) },
        PageRoute(.post, "/settings/data/retention", .administer, to: "take out old interactions", audit: .retention) {
            try await $0.runRetention($1)
        },
        PageRoute(.post, "/settings/data/erasures", .administer, to: "erase customers", audit: .erasure) { try await $0.eraseCustomer($1) },
        PageRoute(.get, "/settings/data/interactions.ndjson", .export, to: "take everything out", audit: .export) {
            try await $0.interactionsFile($1)
        },
    ]

    private static let shownEvents = 100
    private static let shownRuns = 5
    private static let shownErasures = 20

    private func dataPage(_ visit: Visit, fault: String? = nil) async throws -> PageAnswer {
        let sizes = services.data.sizes()
        let policy = services.data.policy()
        let events = services.data.retention()
        let due = events.map(\.due).reduce(0, +)
        let runs = try services.data.runs(Self.shownRuns)
        let asked = visit.request.query["customer"]
        var fault = fault
        var chosen: CustomerView?
        if let asked {
            if let reference = CustomerReference(asked.prefix(300).trimmed) { chosen = try await services.view(reference) }
            if chosen == nil { fault = "There is no customer “\(asked.prefix(64))”. Write an id (cus_…) or an identifier, as email:ann@example.com." }
        }
        return try await settingsPage(
            "data", title: "Data", visit, status: fault == nil ? 200 : 422,
            [
                "customers": Formats.number(sizes.customers), "interactions": Formats.number(sizes.interactions),
                "ledger": Self.bytes(sizes.ledger), "state": Self.bytes(sizes.state),
                "timeline": sizes.timeline > 0 ? Self.bytes(sizes.timeline) : nil,
                "events": events.prefix(Self.shownEvents).map { row($0, visit) }, "hasEvents": !events.isEmpty,
                "moreEvents": events.count > Self.shownEvents ? Formats.number(events.count - Self.shownEvents) : nil,
                "keepsAll": policy.keepsEverything, "else": Self.words(policy.everythingElse),
                "due": due > 0 ? Formats.counted(due, "interaction") : nil,
                "looked": services.data.lookedAt().map(visit.formats.ago),
                "runs": runs.map { run($0, visit) }, "hasRuns": !runs.isEmpty, "asked": asked, "fault": fault,
                "chosen": chosen.map { self.chosen($0, visit) }, "erasures": try erasures(visit),
                "hasBackups": Self.settingsSections.contains { $0.name == "backups" },
            ])
    }

    private func row(_ event: RetentionFigures, _ visit: Visit) -> Fields {
        [
            "name": event.name, "keep": Self.words(event.keep), "isListed": event.isListed, "count": Formats.number(event.interactions),
            "due": event.due > 0 ? Formats.number(event.due) : nil, "oldest": event.oldest.map(visit.formats.shortDate),
        ]
    }

    private func run(_ run: ExpiryRun, _ visit: Visit) -> Fields {
        let percent = run.isDone || run.position.body == 0 ? 100 : Int(run.body * 100 / run.position.body)
        return [
            "at": visit.formats.whole(run.at), "stamp": run.at.rfc3339, "ago": visit.formats.ago(run.at), "author": run.author,
            "count": Formats.counted(run.interactions, "interaction"), "percent": run.isDone ? nil : "\(percent)",
        ]
    }

    private func chosen(_ view: CustomerView, _ visit: Visit) -> Fields {
        [
            "id": view.id.description, "title": Who(view).title, "interactions": Formats.counted(view.interactions, "interaction"),
            "identifiers": Formats.counted(view.identifiers.count, "identifier"), "traits": Formats.counted(view.traits.count, "trait"),
            "last": view.lastSeen.map(visit.formats.ago),
        ]
    }

    private func erasures(_ visit: Visit) throws -> [Fields] {
        let logged = try services.audit.entries(AuditFilter(action: .erasure), before: .max, limit: 200)
        return try services.data.erasures(Self.shownErasures).map { erasure in
            let ids = Set(erasure.customers.map(\.description))
            let entry = logged.first { ids.contains($0.subject) }
            return [
                "id": erasure.customers.first?.description ?? "", "others": erasure.customers.count > 1 ? "\(erasure.customers.count - 1)" : nil,
                "author": entry?.name ?? erasure.author, "ago": erasure.at.map(visit.formats.ago), "at": erasure.at?.rfc3339,
                "whole": erasure.at.map(visit.formats.whole), "detail": entry.flatMap { $0.detail.isEmpty ? nil : $0.detail },
                "isDone": erasure.isDone,
            ]
        }
    }

    private func runRetention(_ visit: Visit) async throws -> PageAnswer {
        let due = try await services.data.expire(visit.session.principal.name)
        visit.trail.detail = "\(due) interactions"
        let text = due == 0 ? "Nothing is due." : "\(Formats.counted(due, "interaction")) out of sight; the files are being cleared of them."
        sessions.leave(Sessions.Flash(text: text), for: visit.session)
        return .seeOther("/settings/data#retention")
    }

    /// The second step: the id has to be written out, so that nobody erases by a slip.
    private func eraseCustomer(_ visit: Visit) async throws -> PageAnswer {
        let form = visit.request.form
        guard let id = form["customer"].flatMap(CustomerID.init), let view = try await services.view(.id(id)) else { throw Self.nowhere }
        guard form["confirm"] == view.id.description else {
            visit.trail.isSilent = true
            var again = visit.request
            again.query = Parameters([("customer", view.id.description)])
            let visit = Visit(request: again, session: visit.session, formats: visit.formats)
            return try await dataPage(visit, fault: "Nothing was erased: what was written is not \(view.id). Write it out to confirm.")
        }
        let count = try await services.data.erase(view.id, visit.session.principal.name)
        visit.trail.subject = view.id.description
        visit.trail.detail = "\(Formats.counted(count, "interaction"))"
        sessions.leave(Sessions.Flash(text: "\(view.id) is erased, with \(Formats.counted(count, "interaction"))."), for: visit.session)
        return .seeOther("/settings/data#erasures")
    }

    /// Every interaction as lines of JSON, as `GET /api/interactions` gives them.
    private func interactionsFile(_ visit: Visit) async throws -> PageAnswer {
        visit.trail.isSilent = visit.request.method == .head
        visit.trail.detail = "all interactions"
        let last = try await services.data.exportEnd()
        let next = services.data.export(visit.session.principal.role, last)
        let day = visit.formats.today.iso
        return PageAnswer(
            status: 200,
            headers: [("content-type", "application/x-ndjson"), ("content-disposition", "attachment; filename=\"interactions-\(day).ndjson\"")],
            body: .pieces { try next() })
    }

    static func words(_ keep: RetentionPolicy.Keep) -> String {
        switch keep {
        case .forever: "for ever"
        case .days(let days): Formats.counted(days, "day")
        }
    }

    /// `512 bytes`, `1.4 MB`
    static func bytes(_ count: Int64) -> String {
        let units = ["KB", "MB", "GB", "TB"]
        guard count >= 1000 else { return Formats.counted(Int(count), "byte") }
        var value = Double(count) / 1000
        var unit = 0
        while value >= 999.95, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return Formats.number(value, places: 1) + " " + units[unit]
    }
}
