import Access
import Audit
import Kernel
import Rendering

/// Lists of customers that somebody comes back to, under names.
extension Console {
    /// The views above the list: one's own and those that colleagues share, and the form that saves what is shown.
    func addViews(to fields: inout Fields, _ asked: ListQuery, _ visit: Visit) throws {
        let me = visit.session.person.id
        let here = asked.parameters().encoded
        let views = try services.staff.views(of: me)
        let people = services.staff.people
        fields["views"] = views.map { view -> Fields in
            [
                "name": view.name, "href": ListQuery.address(Parameters(encoded: view.query)), "current": view.query == here,
                "by": view.person == me ? nil : people.first { $0.id == view.person }?.label, "isShared": view.isShared && view.person == me,
                "delete": view.person == me ? "/views/\(view.id)/delete" : nil,
            ]
        }
        fields["hasViews"] = !views.isEmpty
        let isKnown = views.contains { $0.query == here && $0.person == me }
        fields["saveView"] = here.isEmpty || isKnown ? nil : here
        fields["longestName"] = SavedView.longestName
    }

    /// `POST /views`: saves the list that the form names.
    func saveView(_ visit: Visit) throws -> PageAnswer {
        let form = visit.request.form
        // Read and written again, so that only what a list knows is kept.
        let query = ListQuery(Parameters(encoded: form.raw("query"))).parameters().encoded
        let place = ListQuery.address(Parameters(encoded: query))
        do {
            let view = try services.staff.saveView(form["name"] ?? "", query: query, isShared: form["shared"] != nil, of: visit.session.person.id)
            sessions.leave(Sessions.Flash(text: "“\(view.name)” is saved\(view.isShared ? ", for colleagues too" : "")."), for: visit.session)
        } catch let problem as StaffProblem {
            visit.trail.isSilent = true
            sessions.leave(Sessions.Flash(text: Problem(problem).detail), for: visit.session)
        }
        return .seeOther(place)
    }

    /// `POST /views/{id}/delete`: takes a view of one's own away; the flash brings it back.
    func deleteView(_ id: String, _ visit: Visit) throws -> PageAnswer {
        guard let view = try ViewID(id).flatMap({ try services.staff.deleteView($0, of: visit.session.person.id) }) else { throw Self.nowhere }
        var flash = Sessions.Flash(text: "“\(view.name)” is taken away.")
        flash.undo = "/views"
        flash.fields = [.init(name: "name", value: view.name), .init(name: "query", value: view.query)]
        if view.isShared { flash.fields.append(.init(name: "shared", value: "yes")) }
        sessions.leave(flash, for: visit.session)
        return .seeOther(ListQuery.address(Parameters(encoded: view.query)))
    }
}
