import Audiences
import Kernel
import Rendering

/// Life events on the page of the lifecycle: what the vocabulary names as one, and to how many customers it happened of late.
extension Console {
    /// Nothing where the vocabulary names none.
    func lifeEventFields(_ formats: Formats) -> Fields {
        guard let audiences = services.audiences else { return [:] }
        guard let events = audiences.lifeEvents() else { return ["hasLife": true, "isLifeWaiting": true, "lifeAgain": "/lifecycle?part=life"] }
        return Self.lifeEventFields(events, formats)
    }

    static func lifeEventFields(_ events: [LifeEvent], _ formats: Formats) -> Fields {
        [
            "hasLife": !events.isEmpty, "isLifeQuiet": events.allSatisfy { $0.lately == 0 }, "lifeDays": Int(LifeEvent.days),
            "lifeEvents": events.map { event -> Fields in
                var everybody = Parameters()
                everybody.add("did", event.event)
                return [
                    "title": event.title, "event": event.event, "href": place(ofEvent: event.event),
                    "lately": event.lately > 0 ? Formats.number(event.lately) : nil, "before": event.before > 0 ? Formats.number(event.before) : nil,
                    "last": event.last.map(formats.ago), "at": event.last?.rfc3339, "whole": event.last.map(formats.whole),
                    // Whom nobody did it there is nobody to list.
                    "who": event.last == nil ? nil : ListQuery.address(everybody),
                ]
            },
        ]
    }
}
