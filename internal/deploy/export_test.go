package deploy

// Types gives which types of resources are compared with their templates.
func (d Depth) Types() []string { return d.types() }
