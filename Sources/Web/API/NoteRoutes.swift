import Access
import Audit
import Hummingbird
import Kernel
import Notes

/// Notes on customers: `/api/customers/{ref}/notes`.
struct NoteRoutes: Sendable {
    let services: Services

    var endpoints: [Endpoint] { [list, write] }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/customers/{ref}/notes", .read, audit: .view,
            about: .init(
                "Notes on a customer", tag: "Customers", answer: .init(200, "The newest hundred, newest first", .init("NotePage")), problems: [404])
        ) { _, context in
            let id = try services.customer(context.parameters.get("ref"))
            context.trail.subject = id.description
            let seen = services.seen(by: context)
            return page(try services.notes.notes(on: id).map { try seen.note($0).json })
        }
    }

    private var write: Endpoint {
        Endpoint(
            .post, "/api/customers/{ref}/notes", .annotate, audit: .note,
            about: .init(
                "Write a note on a customer", tag: "Customers", description: "Colleagues named as `@Name` are told.", body: .init("NewNote"),
                answer: .init(201, "The note", .init("NoteOnCustomer")), problems: [404, 422, 429, 503])
        ) { request, context in
            let body = try await Body.json(request, "NewNote")
            let id = try services.customer(context.parameters.get("ref"))
            context.trail.subject = id.description
            let text = try body.required("text")
            let note = try await services.notes.write(
                text, about: id, by: context.principal?.id ?? "", named: context.caller,
                mentioning: Notes.mentions(in: text, of: services.staff.people))
            return Response(.created, try services.seen(by: context).note(note).json)
        }
    }
}

extension Note {
    var json: JSON {
        [
            "id": .string(id.description), "customer": .string(customer.description), "author": .string(author), "authorName": .string(authorName),
            "text": .string(text), "mentions": .array(mentions.map { .string($0.description) }), "at": JSON(at),
        ]
    }
}
