package alarm

import "fmt"

// The grid of a dashboard: its width in columns, the height of a row's panels
// and of its title.
const (
	columns     = 24
	panelHeight = 8
	titleHeight = 1
)

// Grafana gives the dashboard for Grafana, which asks its first Prometheus unless
// told another.
func Grafana() ([]byte, error) {
	var panels []map[string]any
	y := 0
	for _, r := range rows() {
		panels = append(panels, map[string]any{"type": "row", "title": r.question, "collapsed": false, "gridPos": grid(0, y, columns, titleHeight)})
		y += titleHeight
		width := columns / len(r.panels)
		for i, p := range r.panels {
			one := p.grafana()
			one["id"], one["gridPos"] = len(panels)+1, grid(i*width, y, width, panelHeight)
			panels = append(panels, one)
		}
		y += panelHeight
	}
	panels = append(panels, map[string]any{
		"id": len(panels) + 1, "type": "alertlist", "title": "Alarms", "gridPos": grid(0, y, columns, panelHeight),
		"options": map[string]any{"stateFilter": map[string]bool{"firing": true, "pending": true}},
	})
	return indented(map[string]any{
		"uid": "enishi", "title": "Enishi", "schemaVersion": 39, "version": 1, "editable": false, "refresh": "30s", "timezone": "Asia/Tokyo",
		"time": map[string]string{"from": "now-6h", "to": "now"}, "panels": panels,
		"templating": map[string]any{"list": []map[string]any{{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}}},
	})
}

func grid(x, y, w, h int) map[string]int { return map[string]int{"x": x, "y": y, "w": w, "h": h} }

func (p panel) grafana() map[string]any {
	var targets []map[string]any
	for i, q := range p.queries {
		targets = append(targets, map[string]any{"refId": string(rune('A' + i)), "expr": q.expr, "legendFormat": q.legend})
	}
	defaults := map[string]any{"unit": p.unit}
	if p.bound > 0 {
		defaults["custom"] = map[string]any{"thresholdsStyle": map[string]string{"mode": "line"}}
		defaults["thresholds"] = map[string]any{"mode": "absolute", "steps": []map[string]any{{"color": "green", "value": nil}, {"color": "red", "value": p.bound}}}
	}
	return map[string]any{
		"type": "timeseries", "title": p.title, "targets": targets, "datasource": map[string]string{"type": "prometheus", "uid": "${source}"},
		"fieldConfig": map[string]any{"defaults": defaults, "overrides": []any{}},
	}
}

// CloudDashboard gives the body of the same dashboard in CloudWatch; what stands
// in ${} are the parameters of the alarms' template, and ${AWS::Region}.
func CloudDashboard() ([]byte, error) {
	var widgets []map[string]any
	y := 0
	for _, r := range rows() {
		widgets = append(widgets, map[string]any{
			"type": "text", "x": 0, "y": y, "width": columns, "height": titleHeight, "properties": map[string]any{"markdown": "## " + r.question},
		})
		y += titleHeight
		width := columns / len(r.panels)
		for i, p := range r.panels {
			widgets = append(widgets, map[string]any{"type": "metric", "x": i * width, "y": y, "width": width, "height": panelHeight, "properties": p.cloud()})
		}
		y += panelHeight
	}
	return indented(map[string]any{"widgets": widgets})
}

func (p panel) cloud() map[string]any {
	var metrics [][]any
	period := 60
	if p.unit == "d" {
		period = int(day.Seconds())
	}
	for i, q := range p.queries {
		if q.math == "" {
			continue
		}
		for _, m := range q.metrics {
			one := []any{m.namespace, m.name}
			for _, d := range m.dimensions {
				one = append(one, d.name, d.value)
			}
			metrics = append(metrics, append(one, map[string]any{"id": distinct(m.id, i), "stat": m.stat, "period": period, "visible": false}))
		}
		metrics = append(metrics, []any{map[string]any{"id": fmt.Sprintf("line%d", i), "expression": renamed(q, i), "label": plain(q.legend), "period": period}})
	}
	properties := map[string]any{"title": p.title, "view": "timeSeries", "region": "${AWS::Region}", "metrics": metrics}
	if p.bound > 0 {
		properties["annotations"] = map[string]any{"horizontal": []map[string]any{{"value": p.bound}}}
	}
	return properties
}
