package archtest

import "slices"

// module is the path that the project's own imports begin with.
const module = "enishi"

// floors gives every package its floor. Imports go down. A package that is
// not here is red; an entry without a package waits for it.
func floors() map[string]int { // long: a line for each package
	return map[string]int{
		"internal/errs":            0,
		"internal/section":         0,
		"internal/files":           0,
		"internal/files/filestest": 0,
		"internal/day":             0,
		"internal/table":           0,
		"internal/corpnum":         0,
		"internal/config":          0,
		"internal/lifecycle":       0,
		"internal/guard":           0,
		"internal/golden":          0,
		"internal/archtest":        0,

		"internal/taxonomy":                1,
		"internal/census":                  1,
		"internal/condition":               1,
		"internal/condition/conditiontest": 1,
		"internal/candidate":               1,
		"internal/company":                 1,
		"internal/position":                1,
		"internal/rule":                    1,
		"internal/offer":                   1,
		"internal/thread":                  1,
		"internal/account":                 1,
		"internal/engine":                  1,
		"internal/jm1":                     1,

		"internal/market": 2,

		"internal/calendar":              3,
		"internal/httpx":                 3,
		"internal/api":                   3,
		"internal/web":                   3,
		"internal/worker":                3,
		"internal/telemetry":             3,
		"internal/redis":                 3,
		"internal/smtp":                  3,
		"internal/demo":                  3,
		"internal/store":                 3,
		"internal/store/sqlite":          3,
		"internal/store/mysql":           3,
		"internal/store/storetest":       3,
		"internal/store/mysql/mysqltest": 3,
		"internal/redis/redistest":       3,
		"internal/smtp/smtptest":         3,
		"internal/fleet":                 3,
		"internal/oci":                   3,
		"internal/alarm":                 3,
		"internal/alarm/cloudtest":       3,
		"internal/stack":                 3,
		"internal/verify":                3,
		"internal/deploy":                3,
		"internal/deploy/deploytest":     3,
		"internal/environ":               3,

		"internal/cli":   4,
		"internal/e2e":   4,
		"internal/drill": 4,

		"internal/onehost": 4,

		"cmd/enishi": 5,
		"cmd/stack":  5,
	}
}

// sameFloor lists what a package may import on its own floor.
func sameFloor() map[string][]string {
	return map[string][]string{
		"internal/day":             {"internal/errs"},
		"internal/corpnum":         {"internal/errs"},
		"internal/config":          {"internal/errs"},
		"internal/section":         {"internal/errs"},
		"internal/files":           {"internal/errs"},
		"internal/files/filestest": {"internal/files", "internal/config", "internal/errs"},
		"internal/lifecycle":       {"internal/errs"},

		"internal/census":                  {"internal/taxonomy"},
		"internal/condition":               {"internal/taxonomy"},
		"internal/condition/conditiontest": {"internal/condition", "internal/taxonomy"},
		"internal/candidate":               {"internal/condition", "internal/taxonomy"},
		"internal/position":                {"internal/condition", "internal/taxonomy"},
		"internal/company":                 {"internal/account", "internal/taxonomy"},
		"internal/rule":                    {"internal/condition", "internal/position", "internal/taxonomy"},
		"internal/offer":                   {"internal/rule", "internal/position"},
		"internal/thread":                  {"internal/offer"},
		"internal/jm1":                     {"internal/engine"},

		"internal/api":                   {"internal/httpx", "internal/calendar"},
		"internal/web":                   {"internal/httpx", "internal/calendar"},
		"internal/demo":                  {"internal/store"},
		"internal/telemetry":             {"internal/store"}, // its figures: decision 0013
		"internal/store/sqlite":          {"internal/store"},
		"internal/store/mysql":           {"internal/store"},
		"internal/store/storetest":       {"internal/store"},
		"internal/store/mysql/mysqltest": {"internal/store", "internal/store/mysql"},
		"internal/fleet":                 {"internal/store/mysql/mysqltest", "internal/redis/redistest"},
		"internal/stack":                 {"internal/web"},    // the cookies that the edge has to know: decision 0043
		"internal/deploy/deploytest":     {"internal/oci"},    // an image is put into its registry as the program does
		"internal/environ":               {"internal/deploy"}, // its record is the lock of both: decision 0042
	}
}

// testsAlso lists what the test files of a package may import beyond what the
// package itself may. Test support on the same floor or below needs no entry.
func testsAlso() map[string][]string {
	return map[string][]string{
		"internal/market":    {"internal/store", "internal/store/sqlite", "internal/store/mysql", "internal/store/mysql/mysqltest", "internal/store/storetest", "internal/fleet"},
		"internal/api":       {"internal/store", "internal/store/sqlite"},
		"internal/web":       {"internal/store", "internal/store/sqlite"},
		"internal/httpx":     {"internal/store", "internal/store/sqlite"},
		"internal/worker":    {"internal/store", "internal/store/sqlite"},
		"internal/telemetry": {"internal/store/sqlite", "internal/httpx", "internal/api"},
		"internal/demo":      {"internal/store", "internal/store/sqlite", "internal/api", "internal/worker"},
		"internal/redis":     {"internal/httpx"},
	}
}

// testSupport lists the packages that exist for tests. Only tests and other
// test support import them.
func testSupport() []string {
	return []string{
		"internal/archtest",
		"internal/golden",
		"internal/condition/conditiontest",
		"internal/store/storetest",
		"internal/store/mysql/mysqltest",
		"internal/files/filestest",
		"internal/redis/redistest",
		"internal/deploy/deploytest",
		"internal/alarm/cloudtest",
		"internal/smtp/smtptest",
		"internal/fleet",
		"internal/e2e",
		"internal/drill",
		"internal/onehost",
	}
}

// narrow lists packages that may import less of the project than their floor
// allows: nothing but what stands here.
func narrow() map[string][]string {
	return map[string][]string{
		"internal/store/sqlite": {"internal/store", "internal/errs"},
		"internal/store/mysql":  {"internal/store", "internal/errs"},
		"cmd/enishi":            {"internal/cli"},
	}
}

// pure lists the domain and the engine: the same questions give the same
// answers there, whatever the machine and the hour.
func pure() []string {
	return []string{
		"internal/taxonomy", "internal/census", "internal/condition", "internal/candidate", "internal/company", "internal/position",
		"internal/rule", "internal/offer", "internal/thread", "internal/account", "internal/engine",
		"internal/market",
	}
}

// impure lists what pure packages do not import, with all below it. Their
// test files may.
func impure() []string { return []string{"net/http", "database/sql", "html", "os", "flag", "log"} }

// restriction names functions that only some packages may use.
type restriction struct {
	names  []string              // package path and function: os.Exit
	may    func(dir string) bool // whether the package may
	reason string
}

func restrictions() []restriction {
	return []restriction{
		{
			names: []string{"os.Getenv", "os.LookupEnv", "os.Environ", "os.ExpandEnv", "syscall.Getenv", "syscall.Environ"},
			may: func(dir string) bool {
				return dir == "internal/config" || dir == "internal/cli" || slices.Contains(testSupport(), dir)
			},
			reason: "only config, cli and tests read the environment",
		},
		{
			names:  []string{"os.Exit", "syscall.Exit", "log.Fatal", "log.Fatalf", "log.Fatalln"},
			may:    func(dir string) bool { return dir == "cmd/enishi" },
			reason: "only main ends the process; a test's programs are mains",
		},
		{
			names: []string{
				"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.AfterFunc",
				"time.NewTimer", "time.NewTicker", "time.Tick",
			},
			may:    func(dir string) bool { return !slices.Contains(pure(), dir) },
			reason: "the domain and the engine are told the time",
		},
	}
}

// libraries lists the modules of others and which packages may import them;
// test support and test files of any package may import testLibraries too.
func libraries() map[string][]string {
	return map[string][]string{
		"github.com/alecthomas/kong":            {"internal/cli", "cmd/stack"},
		"github.com/mattn/go-isatty":            {"internal/cli"},
		"github.com/KimMachineGun/automemlimit": {"internal/cli", "internal/telemetry"}, // reads control groups of both versions
		"github.com/schollz/progressbar/v3":     {"internal/cli"},
		"github.com/tsenart/vegeta/v12":         {"internal/cli"},
		"golang.org/x/term":                     {"internal/cli"},
		"github.com/dustin/go-humanize":         {"internal/cli", "internal/web"},
		"github.com/alexedwards/argon2id":       {"internal/account"},
		"golang.org/x/crypto":                   {"internal/account"},
		"golang.org/x/text":                     {"internal/account", "internal/condition", "internal/taxonomy", "internal/candidate", "internal/position", "internal/market", "internal/store", "internal/web"},
		"github.com/go-json-experiment/json":    {"internal/condition"},
		// An image without a daemon, and the list of what is in it.
		"github.com/google/go-containerregistry": {"internal/oci", "internal/deploy/deploytest"},
		"github.com/CycloneDX/cyclonedx-go":      {"internal/oci"},
		"go.yaml.in/yaml/v3":                     {"internal/stack"},
		// Amazon's own.
		"github.com/aws/aws-sdk-go-v2":           {"internal/files", "internal/files/filestest", "internal/deploy", "internal/deploy/deploytest", "internal/environ", "internal/cli"},
		"github.com/aws/smithy-go":               {"internal/files", "internal/deploy", "internal/deploy/deploytest", "internal/environ"},
		"golang.org/x/crypto/x509roots/fallback": {"cmd/enishi"},
		"github.com/a-h/templ":                   {"internal/web"},
		"github.com/wcharczuk/go-chart/v2":       {"internal/web"},                 // draws SVG with classes instead of styles
		"github.com/klauspost/compress":          {"internal/web", "internal/oci"}, // answers pages compressed, and knows when not to; packs images in a third of the time
		"golang.org/x/net":                       {"internal/httpx"},
		"golang.org/x/sys":                       {"internal/engine", "internal/cli"},
		"golang.org/x/sync":                      {"internal/engine", "internal/market", "internal/worker", "internal/demo", "internal/cli"},
		"github.com/google/uuid": {
			"internal/account", "internal/candidate", "internal/company", "internal/position", "internal/rule",
			"internal/offer", "internal/thread", "internal/market", "internal/store", "internal/store/storetest", "internal/demo",
			"internal/httpx", "internal/api", "internal/web", "internal/worker", "internal/cli",
		},
		"github.com/arran4/golang-ical":       {"internal/calendar"}, // line folding and escapes by RFC 5545
		"github.com/danielgtaylor/huma/v2":    {"internal/api"},
		"github.com/prometheus/client_golang": {"internal/httpx", "internal/api", "internal/worker", "internal/telemetry", "internal/redis", "internal/cli"},
		"github.com/prometheus/client_model":  {"internal/telemetry"}, // what a registry answers: decision 0044
		// What begins spans knows the interfaces of OpenTelemetry, and
		// telemetry alone what sends them: decision 0013.
		"go.opentelemetry.io/otel":             {"internal/telemetry"},
		"go.opentelemetry.io/otel/trace":       {"internal/httpx", "internal/api", "internal/store", "internal/redis"},
		"go.opentelemetry.io/otel/attribute":   {"internal/httpx", "internal/store", "internal/redis"},
		"go.opentelemetry.io/otel/codes":       {"internal/httpx", "internal/store", "internal/redis"},
		"go.opentelemetry.io/otel/propagation": {"internal/httpx"},
		"github.com/sethvargo/go-retry":        {"internal/store", "internal/store/mysql", "internal/worker"},
		"github.com/pressly/goose/v3":          {"internal/store", "internal/store/sqlite", "internal/store/mysql"},
		"modernc.org/sqlite":                   {"internal/store/sqlite"},
		"github.com/go-sql-driver/mysql":       {"internal/store/mysql", "internal/store/mysql/mysqltest"},
		"github.com/redis/go-redis/v9":         {"internal/redis"},
		"github.com/wneessen/go-mail":          {"internal/smtp"},
		"github.com/go-redis/redis_rate/v10":   {"internal/redis"},
	}
}

// testLibraries lists the modules that any test may import.
func testLibraries() []string {
	return []string{
		"github.com/google/go-cmp",
		"github.com/rogpeppe/go-internal",
		"go.uber.org/goleak",
		"golang.org/x/sync",
		"go.opentelemetry.io/proto/otlp", // what a collector receives
		"go.opentelemetry.io/otel",
		"google.golang.org/protobuf",
		"github.com/prometheus/client_golang",
		"github.com/prometheus/procfs", // how busy the machine is
		"github.com/chromedp/chromedp", // drives a browser
		"github.com/chromedp/cdproto",
		"github.com/emersion/go-smtp",                         // receives mail
		"github.com/google/go-containerregistry/pkg/registry", // takes images
		"github.com/emersion/go-sasl",
	}
}

// vague lists names that say nothing of what a package gives.
func vague() []string {
	return []string{"util", "utils", "common", "helper", "helpers", "types", "models", "misc", "base", "shared"}
}

// Sizes in lines. What needs more is two things.
const (
	fileLines         = 500
	testFileLines     = 800
	functionLines     = 60
	longFunctionLines = 80  // with a comment `// long: why`
	testFunctionLines = 120 // a table of cases is long without being hard
)

// law is all of the above, made once for a Check.
type law struct {
	floors                       map[string]int
	sameFloor, testsAlso, narrow map[string][]string
	testSupport, pure, impure    []string
	restrictions                 []restriction
	libraries                    map[string][]string
	testLibraries, vague         []string
}

func newLaw() law {
	return law{
		floors:        floors(),
		sameFloor:     sameFloor(),
		testsAlso:     testsAlso(),
		narrow:        narrow(),
		testSupport:   testSupport(),
		pure:          pure(),
		impure:        impure(),
		restrictions:  restrictions(),
		libraries:     libraries(),
		testLibraries: testLibraries(),
		vague:         vague(),
	}
}
