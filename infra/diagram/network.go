package diagram

import (
	"fmt"
	"slices"
	"strings"

	"enishi/infra/template"
)

// doors makes a node of each security group: its members are behind it.
func (d *drawing) doors() {
	members := map[*template.Resource][]*template.Resource{}
	for _, r := range d.set.Resources {
		if strings.HasPrefix(r.Type, "AWS::EC2::SecurityGroup") {
			continue
		}
		for _, door := range d.set.Under(r, "SecurityGroups", "SecurityGroupIds", "VpcSecurityGroupIds") {
			if door.Type == "AWS::EC2::SecurityGroup" {
				members[door] = append(members[door], r)
			}
		}
	}
	for _, door := range d.set.Of("AWS::EC2::SecurityGroup") {
		place := app
		for _, m := range members[door] {
			if kinds := d.kinds(m); len(kinds) > 0 {
				place = kinds[0]
			}
		}
		words := append([]string{"<b>" + door.Text("GroupDescription") + "</b>"}, d.summary(members[door])...)
		d.put(door.Short(), place, words, append([]*template.Resource{door}, members[door]...)...)
	}
}

// kinds gives in which kinds of subnets something stands.
func (d *drawing) kinds(r *template.Resource) (list []string) {
	for _, of := range d.set.Under(r, "Subnets", "SubnetIds", "SubnetId", "DBSubnetGroupName", "CacheSubnetGroupName", "VPCZoneIdentifier") {
		switch of.Type {
		case "AWS::EC2::Subnet":
			list = append(list, kind(of))
		case "AWS::RDS::DBSubnetGroup", "AWS::ElastiCache::SubnetGroup":
			d.shown[of] = true
			list = append(list, d.kinds(of)...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// summary says what stands behind a door, a row for each type.
func (d *drawing) summary(members []*template.Resource) (rows []string) {
	var jobs, endpoints []string
	for _, m := range members {
		switch m.Type {
		case "AWS::ECS::Service":
			rows = append(rows, "ECS service "+m.Text("ServiceName"))
		case "AWS::Scheduler::Schedule":
			jobs = append(jobs, strings.ToLower(strings.TrimPrefix(m.Short(), "Schedule")))
		case "AWS::EC2::VPCEndpoint":
			endpoints = append(endpoints, afterRegion(m.Properties["ServiceName"]))
		case "AWS::RDS::DBCluster":
			n := 0
			for _, instance := range d.set.Of("AWS::RDS::DBInstance") {
				if slices.Contains(d.set.Under(instance, "DBClusterIdentifier"), m) {
					d.of[instance], d.shown[instance] = "", true
					n++
				}
			}
			rows = append(rows, fmt.Sprintf("%s, instances: %d", m.Text("Engine"), n))
		case "AWS::ElastiCache::ReplicationGroup":
			rows = append(rows, fmt.Sprintf("%s, nodes: %v", m.Text("Engine"), m.Properties["NumCacheClusters"]))
		case "AWS::ElasticLoadBalancingV2::LoadBalancer":
			rows = append(rows, "load balancer, "+m.Text("Scheme"))
		default:
			rows = append(rows, word(m))
		}
	}
	if len(jobs) > 0 {
		rows = append(rows, "jobs "+strings.Join(jobs, ", "))
	}
	if len(endpoints) > 0 {
		rows = append(rows, strings.Join(endpoints, ", "))
	}
	return rows
}

// afterRegion gives the name of a service of AWS, such as ecr.api.
func afterRegion(name any) string {
	if text, ok := name.(string); ok {
		if parts := strings.SplitN(text, ".", 4); len(parts) == 4 {
			return parts[3]
		}
		return text
	}
	text := fmt.Sprint(name)
	return strings.Trim(text[strings.LastIndex(text, ".")+1:], "] ")
}

// rules draws whom each door lets in, by rules of its own and by those beside it.
func (d *drawing) rules() {
	for _, door := range d.set.Of("AWS::EC2::SecurityGroup") {
		for _, one := range door.List("SecurityGroupIngress") {
			if rule, ok := one.(map[string]any); ok {
				d.rule(door.Stack, rule, d.of[door])
			}
		}
	}
	for _, rule := range d.set.Of("AWS::EC2::SecurityGroupIngress") {
		d.shown[rule] = true
		d.rule(rule.Stack, rule.Properties, d.only(d.set.Under(rule, "GroupId")))
	}
	for _, rule := range d.set.Of("AWS::EC2::SecurityGroupEgress") { // the other side of a rule above
		d.shown[rule] = true
	}
}

func (d *drawing) rule(stack string, rule map[string]any, to string) {
	from := d.only(d.set.Refers(stack, rule["SourceSecurityGroupId"]))
	if from == "" {
		from = d.outside(stack, rule)
	}
	d.connect(from, to, fmt.Sprintf("%v %v", rule["IpProtocol"], rule["FromPort"]))
}

// outside makes a node of who comes from no door.
func (d *drawing) outside(stack string, rule map[string]any) string {
	for _, address := range d.set.Refers(stack, rule["CidrIp"]) {
		for _, gateway := range d.set.Of("AWS::EC2::NatGateway") {
			if slices.Contains(d.set.Under(gateway, "AllocationId"), address) {
				return "nat"
			}
		}
	}
	words, addresses := []string{"addresses " + fmt.Sprint(joined(rule["CidrIp"]))}, fmt.Sprint(joined(rule["CidrIp"]))
	if list, ok := rule["SourcePrefixListId"].(string); ok {
		words, addresses = []string{fmt.Sprint(rule["Description"]), "addresses of " + list}, list
	}
	id := "from_" + identifier(addresses)
	d.put(id, world, words)
	return id
}

// ways draws how subnets of each kind reach what is outside.
func (d *drawing) ways() {
	if gateways := d.set.Of("AWS::EC2::NatGateway"); len(gateways) > 0 {
		d.put("nat", public, []string{fmt.Sprintf("NAT gateways: %d", len(gateways))}, gateways...)
	}
	for _, address := range d.set.Of("AWS::EC2::EIP") {
		d.shown[address] = true
	}
	at := map[*template.Resource][]string{} // the kinds of subnets that a table is of
	for _, one := range d.set.Of("AWS::EC2::SubnetRouteTableAssociation") {
		d.shown[one] = true
		for _, table := range d.set.Under(one, "RouteTableId") {
			d.shown[table] = true
			at[table] = append(at[table], d.kinds(one)...)
		}
	}
	for _, route := range d.set.Of("AWS::EC2::Route") {
		d.shown[route] = true
		for _, table := range d.set.Under(route, "RouteTableId") {
			for _, kind := range at[table] {
				if len(d.set.Under(route, "NatGatewayId")) > 0 {
					d.connect(kind, "nat", "")
				} else {
					d.put("internet", world, []string{"internet"}, d.set.Under(route, "GatewayId")...)
					d.connect(kind, "internet", "")
				}
			}
		}
	}
	for _, endpoint := range d.set.Of("AWS::EC2::VPCEndpoint") {
		if endpoint.Text("VpcEndpointType") != "Gateway" {
			continue
		}
		id := endpoint.Short()
		d.put(id, region, []string{"gateway endpoint " + afterRegion(joined(endpoint.Properties["ServiceName"]))}, endpoint)
		for _, table := range d.set.Under(endpoint, "RouteTableIds") {
			for _, kind := range at[table] {
				d.connect(kind, id, "")
			}
		}
	}
}

// joined gives a text that is put together of others, without what is known only later.
func joined(v any) any {
	of, ok := v.(map[string]any)
	if !ok {
		return v
	}
	list, _ := of["Fn::Join"].([]any)
	if len(list) != 2 {
		return v
	}
	parts, _ := list[1].([]any)
	text := ""
	for _, part := range parts {
		if one, ok := part.(string); ok {
			text += one
		} else {
			text += "*"
		}
	}
	return text
}

// only gives the node of what is referred to, or "".
func (d *drawing) only(list []*template.Resource) string {
	for _, r := range list {
		if id := d.of[r]; id != "" {
			return id
		}
	}
	return ""
}

// identifier makes of a text what Mermaid takes as one.
func identifier(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, text)
}
