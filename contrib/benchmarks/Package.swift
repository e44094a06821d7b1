// swift-tools-version: 6.2
// SPDX-License-Identifier: MIT
import PackageDescription

let package = Package(
    name: "sluice-benchmarks",
    targets: [
        .systemLibrary(name: "CSQLite"),
        // Without libpq-dev it is empty, and plain-postgres only says so.
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq"),
        .executableTarget(name: "bare-loop", dependencies: ["CSQLite"]),
        .executableTarget(name: "direct-redis"),
        .executableTarget(name: "plain-postgres", dependencies: ["CLibPQ"]),
        .executableTarget(name: "delay-proxy"),
    ]
)
