package cost

import "fmt"

// Price is what AWS asks for something in ap-northeast-1, before taxes.
type Price struct {
	Name string // as the rest of this package calls it
	USD  float64
	Unit string
	Page string // of AWS, on which it is to be looked at again
	Seen string // where the figure was read; "" where it is from memory
}

// Looked is when the prices were put together. None was read on a page of AWS: each is a
// list price, to be looked at again.
const Looked = "2026-11-26"

// Pages of AWS, and of others who say what stands on them.
const (
	onFargate    = "https://aws.amazon.com/fargate/pricing/"
	onAurora     = "https://aws.amazon.com/rds/aurora/pricing/"
	onCache      = "https://aws.amazon.com/elasticache/pricing/"
	onNetwork    = "https://aws.amazon.com/vpc/pricing/"
	onEndpoints  = "https://aws.amazon.com/privatelink/pricing/"
	onBalancer   = "https://aws.amazon.com/elasticloadbalancing/pricing/"
	onTransfer   = "https://aws.amazon.com/ec2/pricing/on-demand/"
	onEdge       = "https://aws.amazon.com/cloudfront/pricing/"
	onFilter     = "https://aws.amazon.com/waf/pricing/"
	onNames      = "https://aws.amazon.com/route53/pricing/"
	onCloudWatch = "https://aws.amazon.com/cloudwatch/pricing/"
	onFiles      = "https://aws.amazon.com/s3/pricing/"
	onSystem     = "https://aws.amazon.com/efs/pricing/"
	onKeys       = "https://aws.amazon.com/kms/pricing/"
	onManager    = "https://aws.amazon.com/secrets-manager/pricing/"
	onDelivery   = "https://aws.amazon.com/firehose/pricing/"
	onBackup     = "https://aws.amazon.com/backup/pricing/"
	onMail       = "https://aws.amazon.com/ses/pricing/"

	byClyr  = "https://www.clyr.co.jp/posts/aws-fargate-pricing-breakdown-estimate-tips-3920"
	byPanda = "https://qiita.com/panda_ebarou/items/ba64bb7f0cad524d7734"
	byHiren = "https://zenn.dev/hiren/scraps/61f3ea2d8f72b3"
	byAwsi  = "https://awsi.click/en/articles/nat-gateway-cost-structure-avoidance/"
	byDarcy = "https://aws.darcy-it.com/elb%E3%81%AE%E3%82%B3%E3%82%B9%E3%83%88%E6%96%99%E9%87%91/"
	byGrit  = "https://www.gritbeaver.com/aws-storage-types/"
	byFleet = "https://github.com/k-k1/agent-fleet/blob/1f40f52b69251626d1527641b37275e45d0fea99/docs/decisions/0087-efs-metadata-io.ja.md"
	byRough = "https://github.com/nishinoshake/aws-rough/blob/master/static/json/price.json"
)

// Prices gives the table.
func Prices() []Price {
	return []Price{
		{"fargate cpu", 0.04045, "vCPU-hour, ARM: four fifths of 0.05056", onFargate, byClyr},
		{"fargate memory", 0.00442, "GB-hour, ARM: four fifths of 0.00553", onFargate, byClyr},
		{"acu", 0.20, "ACU-hour", onAurora, byPanda},
		{"database storage", 0.12, "GB-month", onAurora, byHiren},
		{"database io", 0.24, "million", onAurora, byHiren},
		{"database backup", 0.023, "GB-month", onAurora, ""},
		{"rehearsal", 1.50, "copy that is restored as a test", onBackup, ""},
		{"cache.t4g.micro", 0.0192, "node-hour, Valkey", onCache, ""},
		{"cache.t4g.small", 0.0384, "node-hour, Valkey", onCache, ""},
		{"cache.m7g.large", 0.162, "node-hour, Valkey", onCache, ""},
		{"nat", 0.062, "hour", onNetwork, byAwsi},
		{"nat data", 0.062, "GB", onNetwork, byAwsi},
		{"address", 0.005, "hour of a public IPv4 address", onNetwork, ""},
		{"endpoint", 0.014, "hour in a zone", onEndpoints, ""},
		{"endpoint data", 0.01, "GB", onEndpoints, ""},
		{"balancer", 0.0243, "hour", onBalancer, byDarcy},
		{"balancer unit", 0.008, "LCU-hour", onBalancer, byDarcy},
		{"zone data", 0.02, "GB to another zone: 0.01 out and 0.01 in", onTransfer, byAwsi},
		{"edge data", 0.114, "GB after the first 1,000", onEdge, ""},
		{"edge requests", 1.2, "million, HTTPS, after the first 10", onEdge, byRough},
		{"filter", 5, "web ACL", onFilter, ""},
		{"filter rule", 1, "rule", onFilter, ""},
		{"filter requests", 0.60, "million", onFilter, ""},
		{"zone", 0.50, "hosted zone", onNames, ""},
		{"health check", 1.50, "check of something on AWS, by HTTPS: 0.50 and 1.00", onNames, ""},
		{"log", 0.76, "GB taken in (another says 0.77)", onCloudWatch, byClyr},
		{"log storage", 0.033, "GB-month", onCloudWatch, ""},
		{"alarm", 0.10, "metric of an alarm", onCloudWatch, ""},
		{"composite alarm", 0.50, "composite alarm", onCloudWatch, ""},
		{"dashboard", 3, "dashboard", onCloudWatch, ""},
		{"files", 0.025, "GB-month", onFiles, byRough},
		{"system", 0.36, "GB-month in a file system, Standard", onSystem, byGrit},
		{"system written", 0.07, "GB written there, elastic throughput", onSystem, byFleet},
		{"system read", 0.04, "GB read there, elastic throughput", onSystem, byFleet},
		{"delivery", 0.036, "GB that Firehose delivers", onDelivery, ""},
		{"archive", 0.005, "GB-month, Glacier Instant Retrieval", onFiles, ""},
		{"own metric", 0.30, "metric", onCloudWatch, ""},
		{"key", 1, "key", onKeys, ""},
		{"secret", 0.40, "secret", onManager, ""},
		{"mail", 0.10, "thousand", onMail, ""},
	}
}

// bill adds up what is used, at the prices of the table.
type bill struct {
	prices map[string]float64
	items  []Item
	lost   error // a price that the table does not have
}

func newBill() *bill {
	b := &bill{prices: map[string]float64{}}
	for _, p := range Prices() {
		b.prices[p.Name] = p.USD
	}
	return b
}

// use is so much of something, in the units of its price.
type use struct {
	price string
	much  float64
}

// add adds a line.
func (b *bill) add(name string, uses ...use) {
	item := Item{Name: name}
	for _, u := range uses {
		usd, ok := b.prices[u.price]
		if !ok && b.lost == nil {
			b.lost = fmt.Errorf("cost: the table of prices has no %q, which %s needs", u.price, name)
		}
		item.USD += usd * u.much
	}
	b.items = append(b.items, item)
}
