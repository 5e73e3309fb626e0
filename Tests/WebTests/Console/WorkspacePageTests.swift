import Audit
import Definitions
import Foundation
import Kernel
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(15))) struct `The page of the workspace` {
    private static let page = "/settings/workspace"
    private static let form = [
        ("name", "Shop A"), ("country", "DE"), ("time_zone", "Europe/Berlin"), ("languages", "de\r\nen"), ("orders", "Order Completed\r\n"),
        ("currency", ""), ("accent", "plum"),
    ]

    private func signedIn(_ world: SampleWorld, _ email: String = "marta@example.com") async throws -> Browser {
        try await world.person(email)
        let browser = Browser(try world.console())
        _ = await browser.signIn(email)
        return browser
    }

    private func save(_ browser: Browser, _ changes: [String: String] = [:], basis: Int = 0) async -> PageAnswer {
        await browser.post(Self.page, Self.form.map { ($0.0, changes[$0.0] ?? $0.1) } + [("basis", "\(basis)")], from: Self.page)
    }

    @Test func `stands first in the settings, and saves a new version by whoever is signed in`() async throws {
        let world = try SampleWorld()
        let browser = try await signedIn(world)
        #expect(await browser.get("/settings").header("location") == Self.page)
        #expect(await save(browser).status == 303)
        let definition = world.definitions.blueprint.definition(WorkspaceDefinition.self)
        #expect(definition.name == "Shop A" && definition.country == "DE" && definition.timeZone == "Europe/Berlin" && definition.currency == nil)
        #expect(definition.languages == ["de", "en"] && definition.orders == ["Order Completed"] && definition.accent == .plum)
        let page = await browser.get(Self.page).text
        #expect(page.contains("Saved, as version 1.") && page.contains("Marta Lindqvist") && page.contains("value=\"plum\" checked"))
        let entry = try #require(try world.house.audit.entries(AuditFilter(action: .definitions), before: .max, limit: 1).first)
        #expect(entry.subject == "workspace" && entry.detail == "version 1")
    }

    @Test func `keeps the owner, comments and the order of a document when values change`() async throws {
        let world = try SampleWorld()
        let browser = try await signedIn(world)
        let text = """
            # What we are.
            workspace:
              # Asked by finance.
              currency: EUR
              owner: Ann   # since May
              name: 'Shop # A' # on the sign
              country: DE
              time_zone: Europe/Berlin
              orders:
                - Order Completed

              # More languages are to come.
              languages: [de, en]
              accent: plum
            """ + "\n"
        world.shelf.put(["workspace": text], of: .empty, by: "Ann")
        _ = await save(
            browser, ["name": "B: \"x\"", "country": "DE", "orders": "Order Completed\nSale", "currency": "GBP", "accent": "blue"], basis: 1)
        #expect(
            world.shelf.inForce["workspace"]
                == text.replacing("'Shop # A' # on the sign", with: "'B: \"x\"' # on the sign").replacing("EUR", with: "GBP")
                .replacing("orders:\n    - Order Completed", with: "orders: [Order Completed, Sale]").replacing("plum", with: "blue"))
        _ = await save(browser, ["name": "B: \"x\"", "orders": "Order Completed\nSale", "accent": "blue"], basis: 2)
        #expect(world.shelf.inForce["workspace"]?.contains("currency") == false)
        #expect(world.shelf.inForce["workspace"]?.contains("# Asked by finance.\n  owner: Ann   # since May\n") == true)
        #expect(await !browser.get(Self.page).text.contains("written anew"))
    }

    @Test func `writes a document anew that has its settings in brackets, keeps its owner and says so`() async throws {
        let world = try SampleWorld()
        let browser = try await signedIn(world)
        world.shelf.put(["workspace": "# ours\nworkspace: {owner: Ann, name: A}\n"], of: .empty, by: "Ann")
        _ = await save(browser, basis: 1)
        let document = try #require(world.definitions.blueprint["workspace"])
        #expect(document.owner == "Ann" && document.read(WorkspaceDefinition.self).name == "Shop A" && !document.text.contains("# ours"))
        #expect(await browser.get(Self.page).text.contains("The document was written anew, without the comments that stood in it."))
    }

    @Test func `changes nothing when nothing was changed`() async throws {
        let world = try SampleWorld()
        let browser = try await signedIn(world)
        _ = await save(browser)
        _ = await save(browser, basis: 1)
        #expect(await browser.get(Self.page).text.contains("nothing changed"))
        #expect(world.shelf.versions(of: nil, before: nil, limit: 9).count == 1)
    }

    @Test func `refuses what does not fit at its field, and keeps what was typed`() async throws {
        let world = try SampleWorld()
        let browser = try await signedIn(world)
        for (key, value, says) in [
            ("country", "XX", "XX is no country; write two letters"), ("time_zone", "Europe/Lundon", "did you mean Europe/London?"),
            ("languages", "english", "english is no language"), ("name", String(repeating: "n", count: 101), "has 101; shorten it"),
            ("currency", "pounds", "pounds is no currency"), ("accent", "pink", "pink is none of teal"), ("name", "", "has 0"),
        ] {
            let answer = await save(browser, [key: value])
            #expect(answer.status == 422, "\(key)")
            #expect(answer.text.contains(says), "\(key): \(answer.text)")
            if !value.isEmpty, key != "accent" { #expect(answer.text.contains(value)) }
        }
        #expect(world.shelf.inForce.isEmpty)
        _ = await save(browser)
        let late = await save(browser, ["name": "Late"])
        #expect(late.status == 409 && late.text.contains("Put mine in force over version 1") && late.text.contains("Late"))
    }

    @Test func `is seen by whoever sees customers and changed by administrators`() async throws {
        let world = try SampleWorld()
        let agent = try await signedIn(world, "agent@example.com")
        let page = await agent.get(Self.page).text
        #expect(page.contains("<dd>Order Completed</dd>") && !page.contains("<select") && !page.contains("name=\"country\""))
        #expect(await save(agent).status == 403)
    }

    @Test func `sets the accent of every page, the sign-in too`() async throws {
        let world = try SampleWorld()
        world.shelf.put(["workspace": "workspace:\n  accent: pine\n"], of: .empty, by: "Ann")
        var services = world.services
        services.workspace = {
            Workspace(name: "A", timeZone: "UTC", accent: world.definitions.blueprint.definition(WorkspaceDefinition.self).accent)
        }
        try await world.person("marta@example.com")
        let browser = Browser(Console(services: services, resources: try Resources(folder: SampleWorld.resources)))
        #expect(await browser.get("/signin").text.contains("data-accent=\"pine\""))
        _ = await browser.signIn()
        #expect(await browser.get("/customers").text.contains("<html lang=\"en-GB\" data-accent=\"pine\">"))
    }
}

/// Contrast as WCAG 2.2 works it out, and OKLCH as CSS Color 4 does (section 10, with Ottosson's matrices).
@Suite struct `The accents` {
    struct Colour {
        /// Linear light, 0 to 1.
        var red, green, blue: Double

        init(hex: Substring) {
            let digits = hex.count == 3 ? hex.map { "\($0)\($0)" }.joined() : String(hex)
            let number = Int(digits, radix: 16) ?? 0
            func linear(_ byte: Int) -> Double {
                let c = Double(byte) / 255
                return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4)
            }
            (red, green, blue) = (linear(number >> 16 & 255), linear(number >> 8 & 255), linear(number & 255))
        }

        /// This hue with another lightness and chroma: `oklch(from … l c h)`.
        func with(lightness: Double, chroma: Double) -> Colour {
            let l = cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
            let m = cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
            let s = cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
            let hue = atan2(0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s, 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s)
            let (a, b) = (chroma * cos(hue), chroma * sin(hue))
            let (x, y, z) = (
                pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3), pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3),
                pow(lightness - 0.0894841775 * a - 1.291485548 * b, 3)
            )
            var out = self
            out.red = min(1, max(0, 4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z))
            out.green = min(1, max(0, -1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z))
            out.blue = min(1, max(0, -0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z))
            return out
        }

        private var luminance: Double { 0.2126 * red + 0.7152 * green + 0.0722 * blue }
        func contrast(with other: Colour) -> Double {
            (max(luminance, other.luminance) + 0.05) / (min(luminance, other.luminance) + 0.05)
        }
    }

    private let sheet: String

    init() throws {
        sheet = try String(contentsOfFile: SampleWorld.resources + "/styles/01-tokens.css", encoding: .utf8)
    }

    /// The light and the dark value of `--name: light-dark(#…, #…)`.
    private func pair(_ name: String) throws -> (light: Colour, dark: Colour) {
        let found = try #require(sheet.firstMatch(of: try Regex("--\(name): light-dark\\(#([0-9a-f]+), #([0-9a-f]+)\\)")), "\(name)")
        return (Colour(hex: try #require(found[1].substring)), Colour(hex: try #require(found[2].substring)))
    }

    @Test(arguments: Accent.allCases) func `have a contrast of 4.5 on every surface and under their own text, light and dark`(accent: Accent) throws {
        let rule = try #require(
            sheet.firstMatch(
                of: try Regex("\\[data-accent=\"\(accent.rawValue)\"\\] \\{ --accent-light: #([0-9a-f]{6}); --accent-dark: #([0-9a-f]{6}); \\}")))
        let light = Colour(hex: try #require(rule[1].substring))
        let dark = Colour(hex: try #require(rule[2].substring))
        for name in ["paper", "sunken", "raised", "hover", "on-accent"] {
            let surface = try pair(name)
            #expect(light.contrast(with: surface.light) >= 4.5, "\(name), light")
            #expect(dark.contrast(with: surface.dark) >= 4.5, "\(name), dark")
        }
        let soft = try #require(
            sheet.firstMatch(
                of:
                    #/--accent-soft: light-dark\(oklch\(from var\(--accent-light\) ([0-9.]+) ([0-9.]+) h\), oklch\(from var\(--accent-light\) ([0-9.]+) ([0-9.]+) h\)\)/#
            ))
        let numbers = [soft.1, soft.2, soft.3, soft.4].map { Double($0) ?? 0 }
        #expect(light.contrast(with: light.with(lightness: numbers[0], chroma: numbers[1])) >= 4.5)
        #expect(dark.contrast(with: light.with(lightness: numbers[2], chroma: numbers[3])) >= 4.5)
    }

    @Test func `are all in the style sheet, and no other is`() {
        let named = sheet.matches(of: #/\[data-accent="([a-z]+)"\]/#).map { String($0.1) }
        #expect(named == Accent.allCases.map(\.rawValue))
    }
}
