import Rendering
import Testing

@Suite struct `Filling in templates` {
    /// Text that has `<` and its like inside a grapheme cluster with something else: another character to Swift, the same to a browser.
    static let hostile = [
        "<script>alert(1)</script>", "\u{600}<script>alert(1)</script>", "<\u{301}script>", "\"\u{301} onfocus=alert(1) x=\u{600}\"",
        "'\u{20D2}><img src=x onerror=alert(1)>", "&\u{301}lt;", "<\u{200D}\u{FE0F}b>", "\u{110BD}<i>", "\u{1F1E6}<\u{E0020}u>", "<\u{0}x>",
        "\r\n<p>\u{301}",
    ]
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(arguments: hostile) func `no mark of HTML comes through, whatever it is joined to`(text: String) throws {
        let templates = try Templates(["one": "[{{value}}]", "part": "{{>one}}", "list": "{{#list}}{{.}}{{/list}}"], as: .html)
        for (name, fields) in [("one", ["value": text]), ("part", ["value": text]), ("list", ["list": [text, text]])] as [(String, Fields)] {
            let out = try templates.filled(name, with: fields)
            #expect(!out.utf8.contains { [60, 62, 34, 39].contains($0) }, "\(name)")
            // Reading the references back gives what was put in, without a byte more or less.
            var back = bytes(out).filter { $0 != UInt8(ascii: "[") && $0 != UInt8(ascii: "]") }
            for (reference, mark) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
                back = replaced(back, bytes(reference), bytes(mark))
            }
            #expect(back == bytes(text) || back == bytes(text + text), "\(name)")
        }
    }
    private func replaced(_ text: [UInt8], _ old: [UInt8], _ new: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var i = 0
        while i < text.count {
            if text[i...].starts(with: old) {
                out += new
                i += old.count
            } else {
                out.append(text[i])
                i += 1
            }
        }
        return out
    }

    @Test func `plain text takes values as they are`() throws {
        let templates = try Templates(["sms": "Dear {{name}}, {{>end}}", "end": "{{#code}}code {{.}}{{/code}}"], as: .text)
        #expect(try templates.filled("sms", with: ["name": "Ann & <Bob>", "code": "\"1'"]) == "Dear Ann & <Bob>, code \"1'")
    }

    @Test func `a template keeps its shape: nothing stands before it, and lines with nothing but a section go`() throws {
        let templates = try Templates(
            [
                "frame": "<!DOCTYPE html>\n{{$main}}{{/main}}\n",
                "page": "{{<frame}}\n{{$main}}\n{{#rows}}\n<p>{{.}}</p>\n{{/rows}}\n{{/main}}\n{{/frame}}",
            ],
            as: .html)
        #expect(try templates.filled("page", with: ["rows": ["a", "b"]]) == "<!DOCTYPE html>\n<p>a</p>\n<p>b</p>\n\n")
    }

    @Test(arguments: ["a {{{value}}}", "{{&value}}", "{{ & value}}", "{{=<% %>=}}", "{{% CONTENT_TYPE: TEXT}}", "{{>*value}}", "{{> *value}}"])
    func `a tag that would get round the escaping is refused, with its line`(text: String) {
        for form in [Templates.Form.html, .text] {
            #expect(throws: TemplateProblem.forbidden(name: "bad", line: 2)) { try Templates(["bad": "fine\n" + text], as: form) }
        }
    }

    @Test func `what is not well formed or includes what is not there is refused by name`() throws {
        #expect(throws: TemplateProblem.unquoted(name: "bad", line: 1)) { try Templates(["bad": "<a href={{x}}>"], as: .html) }
        #expect(throws: TemplateProblem.unknownPart(name: "bad", line: 3, part: "none")) { try Templates(["bad": "\n\n{{> none }}"], as: .html) }
        #expect(throws: TemplateProblem.self) { try Templates(["bad": "{{#open}}"], as: .html) }
        let templates = try Templates(["a=": "a={{x}}"], as: .text)
        #expect(templates.names == ["a="])
        #expect(throws: TemplateProblem.missing(name: "none")) { try templates.filled("none", with: [:]) }
    }

    @Test func `a group shown where text belongs shows nothing of itself`() throws {
        let templates = try Templates(["t": "{{a}}|{{b}}"], as: .html)
        let inner: Fields = ["secret": "told"]
        #expect(try !templates.filled("t", with: ["a": inner, "b": [inner]]).contains("told"))
    }

    @Test func `nothing, empty text, no and an empty list are left out`() throws {
        let templates = try Templates(["t": "{{#a}}yes{{/a}}{{^a}}no{{/a}}"], as: .html)
        for (value, said) in [(nil, "no"), ("", "no"), (false, "no"), ([String](), "no"), (true, "yes"), (0, "yes"), (["x"], "yes")]
            as [((any FieldValue)?, String)]
        {
            #expect(try templates.filled("t", with: ["a": value]) == said)
        }
    }
}
