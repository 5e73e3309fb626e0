import Testing

/// Where the test program begins.
///
/// SwiftPM finds tests of the older kind in the index that editors use, unless this file is here. There are none of that
/// kind, and without the index a build is a good deal faster. Run them with `make test-swift`.
@main struct Runner {
    // The entry point that SwiftPM writes itself when it is left to.
    static func main() async { await Testing.__swiftPMEntryPoint() as Never }
}
