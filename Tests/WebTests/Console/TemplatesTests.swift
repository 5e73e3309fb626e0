import Foundation
import Rendering
import Testing

@testable import Web

/// Every template that there is, with a hostile value in each of its places.
@Suite struct `Every template of the pages` {
    private static let folder = URL(fileURLWithPath: SampleWorld.resources).appendingPathComponent("templates")
    static let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path).map { String($0.dropLast(9)) }.sorted()) ?? []
    private static let sources = names.map { (try? String(contentsOf: folder.appendingPathComponent($0 + ".mustache"), encoding: .utf8)) ?? "" }

    /// All names that any template asks for.
    private static let places: Set<String> = Set(
        sources.flatMap { source in
            source.matches(of: #/\{\{[#^]?\.?([A-Za-z][A-Za-z.]*)\}\}/#).flatMap { $0.1.split(separator: ".").map(String.init) }
        })

    /// Those that are sections somewhere.
    private static let sections: Set<String> = Set(
        sources.flatMap { source in source.matches(of: #/\{\{#\.?([A-Za-z.]+)\}\}/#).flatMap { $0.1.split(separator: ".").map(String.init) } })

    /// The value in every place; within sections it is lists that hold the same, `levels` deep.
    private func fields(_ value: String, _ levels: Int) -> Fields {
        var out: Fields = [:]
        for place in Self.places { out[place] = value }
        guard levels > 0 else { return out }
        let inner = fields(value, levels - 1)
        for section in Self.sections { out[section] = [inner] }
        return out
    }

    /// The bytes that make tags and attributes.
    private func markup(_ html: String) -> [UInt8] { html.utf8.filter { [60, 62, 34, 39].contains($0) } }

    @Test func `a value never adds a tag or ends an attribute`() throws {
        let templates = try Resources(folder: SampleWorld.resources).templates
        #expect(Self.places.count > 80 && Self.sections.count > 20)
        // What is text in one round is the list around it in another, so that each place has the value once.
        for levels in 0...3 {
            let harmless = fields("x", levels)
            let hostile = [
                "<script>alert(1)</script>", "\u{600}<script>alert(1)</script>", "\"\u{301} onfocus=alert(1) x=\u{600}\"",
                "'\u{20D2}><img src=x>", "<\u{200D}b>", "\u{110BD}<i\u{301}>",
            ].map { fields($0, levels) }
            for name in Self.names {
                let shape = markup(try templates.filled(name, with: harmless))
                for fields in hostile { #expect(markup(try templates.filled(name, with: fields)) == shape, "\(name), \(levels) deep") }
            }
        }
        for name in Self.names {
            #expect(try templates.filled(name, with: fields("ZZZ", 1)).contains("ZZZ"), "\(name)")
        }
    }
    @Test func `the pages' templates are read, and the style sheet is one file`() throws {
        let resources = try Resources(folder: SampleWorld.resources)
        #expect(resources.templates.names == Self.names && !Self.names.isEmpty)
        let sheet = String(decoding: try #require(resources.files[Resources.styleSheet]).bytes, as: UTF8.self)
        // The order of the layers is said first, or the parts would decide it by their names.
        let layers = try #require(sheet.range(of: "@layer tokens, base, layout, shell, parts, pages, last;"))
        #expect(sheet.range(of: "@layer tokens {").map { layers.upperBound < $0.lowerBound } == true)
        for layer in ["base", "layout", "shell", "parts", "pages", "last"] { #expect(sheet.contains("@layer \(layer) {"), "\(layer)") }
        #expect(sheet.utf8.count { $0 == UInt8(ascii: "{") } == sheet.utf8.count { $0 == UInt8(ascii: "}") })
    }
}
