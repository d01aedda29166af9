package stack

import "time"

// Services gives every service of an installation on one host.
func Services() []Service {
	return append(own(), others()...)
}

// own gives the processes of Enishi. One web process carries 170,000 candidates and
// 200 requests a second; two are there so that one may go.
func own() []Service {
	role := func(name, what string, copies int) Service {
		return Service{
			Name: name, What: what, Image: "${ENISHI_IMAGE:-enishi:latest}", Own: true,
			Args: []string{"guard", "--", "serve", "--roles", name}, Copies: copies,
			Memory: jobMemory, CPUs: 2, Stop: stopTime,
			Writes: []Volume{{"files", "/data"}}, Room: []string{"/tmp"},
			After: []string{"mariadb"}, Where: []Network{Front, Back},
		}
	}
	web := role("web", "answers pages and the API", 2)
	web.Where = []Network{Serving, Back}
	return []Service{
		web,
		role("worker", "makes the offers that are due, and sends mails", 2),
		role("job", "runs the scheduled jobs", 1),
	}
}

// others gives what Enishi leans on, of other makers.
func others() []Service {
	return []Service{balancer(), database(), cache(), mail(), logs(), logsEnd(), metrics(), alerts(), node(), charts()}
}

func balancer() Service {
	return Service{
		Name: "haproxy", What: "takes requests and gives them to the web processes", Image: "haproxy:2.6-alpine", Copies: 1,
		Reads:  []File{{"deploy/compose/haproxy.cfg", "/usr/local/etc/haproxy/haproxy.cfg"}},
		Health: asksItself("8405", "/metrics"),
		Memory: 256 * megabyte, CPUs: 1, Stop: stopTime, User: nobody,
		Where: []Network{Front, Serving, Back}, At: servingBalancer, Opens: []Port{{"ENISHI_LISTEN", "127.0.0.1:8080", 8080}},
	}
}

func database() Service {
	return Service{
		Name: "mariadb", What: "keeps everything", Image: "mariadb:10.11", Copies: 1,
		Env: []Variable{
			{"MARIADB_DATABASE", "enishi"},
			{"MARIADB_USER", "enishi"},
			{"MARIADB_PASSWORD", needed("DATABASE_PASSWORD")},
			{"MARIADB_ROOT_PASSWORD", needed("DATABASE_ROOT_PASSWORD")},
		},
		Reads:  []File{{"deploy/mariadb/enishi.cnf", "/etc/mysql/conf.d/enishi.cnf"}},
		Health: &Health{Test: []string{"sh", "-c", askDatabase}, Patient: 3 * time.Minute},
		Memory: 2048 * megabyte, CPUs: 2, Stop: 2 * time.Minute, User: "mysql",
		Writes: []Volume{{"database", "/var/lib/mysql"}}, Room: []string{"/tmp", "/run/mysqld"},
		Where: []Network{Back},
	}
}

// askDatabase asks as the program does: over TCP, where nobody answers while the server
// makes its first files.
const askDatabase = `MYSQL_PWD=$$MARIADB_PASSWORD mariadb --host=127.0.0.1 --user=$$MARIADB_USER --execute='SELECT 1' $$MARIADB_DATABASE`

func cache() Service {
	return Service{
		Name: "valkey", What: "counts limits and remembers sessions for all processes", Image: "valkey/valkey:9.0", Copies: 1,
		Args:   []string{"valkey-server", "/etc/valkey/enishi.conf", "--requirepass", needed("CACHE_PASSWORD")},
		Env:    []Variable{{"REDISCLI_AUTH", needed("CACHE_PASSWORD")}},
		Reads:  []File{{"deploy/valkey/enishi.conf", "/etc/valkey/enishi.conf"}},
		Health: &Health{Test: []string{"valkey-cli", "-e", "ping"}},
		Memory: 256 * megabyte, CPUs: 1, Stop: 10 * time.Second, User: nobody,
		Where: []Network{Back},
	}
}

func mail() Service {
	return Service{
		Name: "mail", What: "catches mails, until ENISHI_MAIL_URL names a server that delivers them", Image: "axllent/mailpit:v1.27.11", Copies: 1,
		Env: []Variable{
			{"MP_DATABASE", "/tmp/mails.db"},
			{"MP_MAX_MESSAGES", "1000"},
			{"MP_DISABLE_VERSION_CHECK", "1"},
		},
		Health: &Health{Test: []string{"/mailpit", "readyz"}},
		Memory: 256 * megabyte, CPUs: 0.5, Stop: 10 * time.Second, Room: []string{"/tmp"}, User: nobody,
		Where: []Network{Front, Back}, Opens: []Port{{"MAIL_LISTEN", "127.0.0.1:8025", 8025}},
	}
}

// logs takes the lines of all others. Docker itself sends them, to a port of the host
// and over UDP: a container does not start while a server for TCP is away.
func logs() Service {
	s := keepsLogs("rsyslog", "keeps the lines of all services in files, one a day")
	s.Entry = []string{"rsyslogd", "-n", "-iNONE", "-f", "/etc/enishi/rsyslog.conf"}
	s.Reads = []File{{"deploy/rsyslog", "/etc/enishi"}}
	// It writes figures of its own every half minute.
	s.Health = &Health{Test: []string{"sh", "-c", `test -n "$$(find /var/log/enishi/rsyslogd-pstats -type f -mmin -2)"`}, Patient: time.Minute}
	s.Memory, s.CPUs, s.Stop, s.Room = 128*megabyte, 0.5, 10*time.Second, []string{"/tmp"}
	s.Where, s.Opens = []Network{Front}, []Port{{"LOG_LISTEN", "127.0.0.1:5514", 5514}}
	return s
}

// logsEnd removes files of the log after their time, and sooner where their disk fills.
func logsEnd() Service {
	s := keepsLogs("log-retention", "removes the log's files after LOG_DAYS days, the oldest sooner where the disk fills")
	s.Entry = []string{"sh", "/etc/enishi/retention"}
	s.Reads = []File{{"deploy/rsyslog", "/etc/enishi"}}
	s.Env = []Variable{{"LOG_DAYS", "${LOG_DAYS:-30}"}, {"LOG_DAYS_LEAST", "${LOG_DAYS_LEAST:-7}"}, {"LOG_DISK_PERCENT", "${LOG_DISK_PERCENT:-80}"}}
	s.Health = &Health{Test: []string{"test", "-d", "/var/log/enishi"}}
	s.Memory, s.CPUs, s.Stop = 32*megabyte, 0.1, time.Second
	return s
}

func keepsLogs(name, what string) Service {
	return Service{
		Name: name, What: what, Image: "rsyslog/rsyslog:2025-12", Copies: 1, Plain: true, Writes: []Volume{{"logs", "/var/log/enishi"}},
	}
}

func metrics() Service {
	return Service{
		Name: "prometheus", What: "collects figures and watches the objectives", Image: "prom/prometheus:v2.42.0", Copies: 1,
		Args: []string{
			"--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus", "--storage.tsdb.retention.time=30d", "--storage.tsdb.retention.size=4GB",
		},
		Reads:  []File{{"deploy/prometheus", "/etc/prometheus"}},
		Health: asksItself("9090", "/-/healthy"),
		Memory: 512 * megabyte, CPUs: 1, Stop: time.Minute, Writes: []Volume{{"metrics", "/prometheus"}},
		Where: []Network{Front, Back}, Opens: []Port{{"PROMETHEUS_LISTEN", "127.0.0.1:9090", 9090}},
	}
}

func alerts() Service {
	return Service{
		Name: "alertmanager", What: "tells people of alarms", Image: "prom/alertmanager:v0.25.0", Copies: 1,
		Args:   []string{"--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager", "--cluster.listen-address="},
		Reads:  []File{{"deploy/prometheus/alertmanager.yml", "/etc/alertmanager/alertmanager.yml"}},
		Health: asksItself("9093", "/-/healthy"),
		Memory: 128 * megabyte, CPUs: 0.5, Stop: 10 * time.Second, Writes: []Volume{{"alerts", "/alertmanager"}},
		Where: []Network{Front, Back}, Opens: []Port{{"ALERTMANAGER_LISTEN", "127.0.0.1:9093", 9093}},
	}
}

// node tells of the host that all others share, and of the disks of their volumes,
// under names by which alarms know them: a folder logs is the logs'.
func node() Service {
	return Service{
		Name: "node", What: "tells how full the host is", Image: "prom/node-exporter:v1.5.0", Copies: 1,
		Sees:   []Volume{{"database", "/database"}, {"files", "/files"}, {"metrics", "/metrics"}, {"logs", "/logs"}},
		Health: asksItself("9100", "/"),
		Memory: 64 * megabyte, CPUs: 0.2, Stop: 5 * time.Second, User: nobody,
		Where: []Network{Back},
	}
}

func charts() Service {
	return Service{
		Name: "grafana", What: "draws the dashboard", Image: "grafana/grafana:11.2.0", Copies: 1,
		Env: []Variable{
			{"GF_SECURITY_ADMIN_PASSWORD", needed("GRAFANA_PASSWORD")},
			{"GF_ANALYTICS_REPORTING_ENABLED", "false"},
			{"GF_ANALYTICS_CHECK_FOR_UPDATES", "false"},
		},
		Reads:  []File{{"deploy/grafana", "/etc/grafana/provisioning"}},
		Health: asksItself("3000", "/api/health"),
		Memory: 256 * megabyte, CPUs: 0.5, Stop: 10 * time.Second, Writes: []Volume{{"charts", "/var/lib/grafana"}}, Room: []string{"/tmp"},
		Where: []Network{Front, Back}, Opens: []Port{{"GRAFANA_LISTEN", "127.0.0.1:3000", 3000}},
	}
}

// nobody is who runs a program that writes nothing that lasts.
const nobody = "65534:65534"

// asksItself is the health of a service whose image has a wget.
func asksItself(port, path string) *Health {
	return &Health{Test: []string{"wget", "-q", "-O", "/dev/null", "http://127.0.0.1:" + port + path}}
}
