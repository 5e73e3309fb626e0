import Access
import Customers
import Definitions
import Kernel
import Rendering

extension Console {
    /// Customers of a page of the list.
    static let listPage = 25
    /// The most names that the filters suggest; any other can be typed.
    static let suggested = 500

    /// What the list of customers shows: filters, the table, and the way on; or what is wrong with a filter, and then no table.
    /// - Returns: besides, the answer's status, and whether there are no customers at all.
    func list(_ visit: Visit) async throws -> (fields: Fields, status: Int, isEmpty: Bool) {
        let asked = ListQuery(visit.request.query)
        let workspace = services.workspace()
        var faults = asked.faults.mapValues { (words: Self.words($0), instead: String?.none) }
        var found: CustomerListPage?
        var page = asked.page
        if faults.isEmpty {
            do {
                var part = try await services.list(asked.query, workspace.orders, (page - 1) * Self.listPage, Self.listPage)
                // A page after the last, as from an old address, is the last one.
                if part.rows.isEmpty, part.total > 0 {
                    page = (part.total - 1) / Self.listPage + 1
                    part = try await services.list(asked.query, workspace.orders, (page - 1) * Self.listPage, Self.listPage)
                }
                found = part
            } catch CustomersProblem.filter(let name, let value, let known) {
                guard let field = ListQuery.Field(backend: name) else { throw CustomersProblem.filter(field: name, value: value, known: known) }
                let near = Nearest.word(to: value, among: known)
                faults[field] = (
                    "There is no \(field == .channel ? "channel" : "interaction") “\(value)”.\(near == nil ? " Nothing here is called nearly so." : "")",
                    near
                )
            }
        }
        var fields = filters(asked, faults, visit, workspace)
        try addViews(to: &fields, asked, visit)
        if let found { fields["list"] = table(asked, found, page, visit, workspace) }
        return (fields, faults.isEmpty ? 200 : 422, found?.everybody == 0)
    }

    private static func words(_ fault: ListQuery.Fault) -> String {
        switch fault {
        case .whole(let range): "Write a whole number from \(Formats.number(range.lowerBound)) to \(Formats.number(range.upperBound))."
        case .amount: "Write an amount in digits, as 250 or 99.90."
        }
    }

    // MARK: Filters

    private func filters(
        _ asked: ListQuery, _ faults: [ListQuery.Field: (words: String, instead: String?)], _ visit: Visit, _ workspace: Workspace
    ) -> Fields {
        let isFiltered = !asked.typed.isEmpty
        func field(_ field: ListQuery.Field, isName: Bool = false) -> Fields {
            [
                "name": field.rawValue, "label": Self.label(field, workspace.currency), "value": asked.typed[field],
                "fault": faults[field]?.words, "instead": faults[field]?.instead,
                "insteadHref": faults[field]?.instead.map { ListQuery.address(asked.parameters(setting: (field, $0))) },
                "isName": isName, "isNumber": !isName,
            ]
        }
        var channels = services.channels()
        // A channel that there is none of stays what was asked for, so that its fault has something to stand at.
        if let typed = asked.typed[.channel], !channels.contains(typed) { channels.append(typed) }
        var channel = field(.channel)
        channel["options"] = channels.map {
            [
                "value": $0, "label": faults[.channel] != nil && $0 == asked.typed[.channel] ? $0 : ChannelWords.title($0),
                "chosen": $0 == asked.typed[.channel],
            ]
                as Fields
        }
        return [
            "before": [field(.seenWithin), field(.notSeenFor)], "channel": channel,
            "after": [
                field(.did, isName: true), field(.didNot, isName: true), field(.ordersAtLeast), field(.ordersAtMost), field(.spentAtLeast),
                field(.spentAtMost),
            ],
            "names": services.names().sorted().prefix(Self.suggested).map { ["name": $0] as Fields },
            "sorts": CustomerQuery.Sort.allCases.map {
                ["value": $0.rawValue, "label": Self.title($0), "chosen": $0 == asked.query.sort] as Fields
            },
            "ascending": asked.query.ascending, "isFiltered": isFiltered, "isOpen": !faults.isEmpty, "isWrong": !faults.isEmpty,
            "active": ListQuery.Field.allCases.compactMap { field -> Fields? in
                guard let value = asked.typed[field] else { return nil }
                return ["label": Self.chip(field, value, workspace.currency), "href": ListQuery.address(asked.parameters(leavingOut: field))]
            },
            "file": visit.may(.export) && faults.isEmpty ? ListQuery.address(asked.parameters(), at: "/customers.csv") : nil,
        ]
    }

    private static func label(_ field: ListQuery.Field, _ currency: String?) -> String {
        switch field {
        case .seenWithin: "Seen within, days"
        case .notSeenFor: "Not seen for, days"
        case .channel: "Seen on"
        case .did: "Did"
        case .didNot: "Never did"
        case .ordersAtLeast: "Orders, at least"
        case .ordersAtMost: "Orders, at most"
        case .spentAtLeast: "Spent, at least" + (currency.map { " (\($0))" } ?? "")
        case .spentAtMost: "Spent, at most" + (currency.map { " (\($0))" } ?? "")
        }
    }

    /// `Seen within 30 days`, `Never did Order Completed`
    private static func chip(_ field: ListQuery.Field, _ value: String, _ currency: String?) -> String {
        func days() -> String { Int(value).map { Formats.counted($0, "day") } ?? value }
        func money() -> String { Double(value).map { Formats.money($0, currency) } ?? value }
        return switch field {
        case .seenWithin: "Seen within " + days()
        case .notSeenFor: "Not seen for " + days()
        case .channel: "Seen on " + ChannelWords.title(value)
        case .did: "Did " + value
        case .didNot: "Never did " + value
        case .ordersAtLeast: "\(value) orders or more"
        case .ordersAtMost: "\(value) orders or fewer"
        case .spentAtLeast: "Spent \(money()) or more"
        case .spentAtMost: "Spent \(money()) or less"
        }
    }

    private static func title(_ sort: CustomerQuery.Sort) -> String {
        switch sort {
        case .lastSeen: "Last seen"
        case .firstSeen: "First seen"
        case .interactions: "Interactions"
        case .orders: "Orders"
        case .spent: "Spent"
        }
    }

    // MARK: The table

    private func table(_ asked: ListQuery, _ found: CustomerListPage, _ page: Int, _ visit: Visit, _ workspace: Workspace) -> Fields {
        let query = asked.query
        // When they were first seen stands there only for those who sort by it.
        let columns = CustomerQuery.Sort.allCases.filter { $0 != .firstSeen || query.sort == .firstSeen }
        // A phone has room for one figure: the one that the list is sorted by.
        func style(_ column: CustomerQuery.Sort) -> String { column == query.sort ? "num" : "num only-wide" }
        func cell(_ column: CustomerQuery.Sort, _ row: CustomerRow) -> Fields {
            func time(_ at: Instant?) -> Fields {
                [
                    "class": style(column), "time": at.map(visit.formats.ago), "at": at?.rfc3339, "whole": at.map(visit.formats.whole),
                    "text": at == nil ? "never" : nil,
                ]
            }
            return switch column {
            case .lastSeen: time(row.lastSeen)
            case .firstSeen: time(row.firstSeen)
            case .interactions: ["class": style(column), "text": Formats.number(row.interactions)]
            case .orders: ["class": style(column), "text": Formats.number(row.orders)]
            case .spent: ["class": style(column), "text": Formats.money(row.spent, workspace.currency)]
            }
        }
        let first = (page - 1) * Self.listPage
        let last = first + found.rows.count
        func link(_ page: Int) -> String { ListQuery.address(asked.parameters(page: page)) }
        return [
            "heads": columns.map { column -> Fields in
                let isHere = column == query.sort
                return [
                    "class": style(column), "label": Self.title(column), "sorted": isHere ? (query.ascending ? "ascending" : "descending") : nil,
                    "icon": isHere ? (query.ascending ? "up" : "down") : nil,
                    "href": ListQuery.address(asked.parameters(sort: column, ascending: isHere && !query.ascending)),
                ]
            },
            "rows": found.rows.map { row -> Fields in
                let who = Who(name: row.name, isHidden: row.isNameHidden, identifier: row.identifier, id: row.id)
                return [
                    "href": "/customers/\(row.id)", "title": who.title, "initials": who.initials,
                    "known": who.hasName ? row.identifier?.value : nil, "note": who.nameless,
                    "cells": columns.map { cell($0, row) },
                ]
            },
            "count": query.isFiltered
                ? "\(Formats.number(found.total)) of \(Formats.counted(found.everybody, "customer"))" : Formats.counted(found.everybody, "customer"),
            "asOf": visit.formats.timeWithSeconds(found.asOf), "stamp": found.asOf.rfc3339, "isEmpty": found.rows.isEmpty,
            "caption": "Customers by \(Self.title(query.sort).lowercased()), \(query.ascending ? "ascending" : "descending")",
            "range": "\(Formats.number(first + 1)) to \(Formats.number(last)) of \(Formats.number(found.total))",
            "hasPages": found.total > Self.listPage, "earlier": page > 1 ? link(page - 1) : nil, "later": last < found.total ? link(page + 1) : nil,
        ]
    }
}
