import Customers
import Kernel
import Ledger
import Rendering

/// The papers among what passed between a customer and us: bills, statements, contracts, letters.
extension Console {
    /// This many stand on the page; the timeline has all.
    static let documentsShown = 6

    /// Words in the name of an interaction that make it a paper.
    private static let papers = ["invoice", "bill", "statement", "receipt", "contract", "letter", "document", "quote", "policy", "certificate"]
    /// Properties that say where the paper itself is.
    private static let places = [
        "document_url", "invoice_url", "bill_url", "statement_url", "receipt_url", "contract_url", "pdf_url", "pdf", "file_url",
    ]
    /// Properties that say what it is.
    private static let titles = ["title", "subject", "document", "number", "invoice_number", "reference"]

    func addDocuments(to fields: inout Fields, of view: CustomerView, _ visit: Visit) async throws {
        let names = view.names.map(\.name).filter(Self.isPaper)
        var items: [HistoryItem] = []
        if !names.isEmpty {
            var filter = HistoryFilter()
            filter.names = Set(names.prefix(40))
            items += try await services.history(view.id, filter, nil, Self.documentsShown).items
        }
        if view.channels.contains(where: { $0.name == "letter" }) {
            var filter = HistoryFilter()
            filter.channels = ["letter"]
            items += try await services.history(view.id, filter, nil, Self.documentsShown).items
        }
        var seen: Set<Position> = []
        let found = items.filter { seen.insert($0.interaction.position).inserted }.sorted {
            ($0.interaction.at, $0.interaction.position) > ($1.interaction.at, $1.interaction.position)
        }
        guard !found.isEmpty else { return }
        fields["hasDocuments"] = true
        fields["documents"] = found.prefix(Self.documentsShown).map { item -> Fields in
            let properties = services.json(item.interaction.properties)
            func text(_ keys: [String]) -> String? { keys.lazy.compactMap { properties?[$0]?.string }.first { !$0.isEmpty } }
            return [
                "name": item.interaction.name, "title": text(Self.titles), "when": visit.formats.shortDate(item.interaction.at),
                "at": item.interaction.at.rfc3339, "icon": ChannelWords.icon(item.channel), "channel": ChannelWords.title(item.channel),
                "href": "/customers/\(view.id)/interactions/\(item.interaction.position.raw)",
                // Only addresses that a browser opens as a page or a file.
                "file": text(Self.places).flatMap { $0.lowercased().hasPrefix("https://") ? $0 : nil },
            ]
        }
        if !names.isEmpty {
            fields["allDocuments"] = "/customers/\(view.id)?" + Parameters(names.prefix(40).map { ("name", $0) }).encoded + "#timeline"
        }
    }

    static func isPaper(_ name: String) -> Bool {
        let words = Properties.words(of: name).lowercased().split(separator: " ")
        return words.contains { word in papers.contains { word == $0 || word == $0 + "s" } }
    }
}
