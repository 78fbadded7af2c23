package nn

// ModuleDict is torch.nn.ModuleDict: modules by name, in order.
type ModuleDict struct {
	Names  []string
	Layers []Layer
}

// Add appends a module.
func (d *ModuleDict) Add(name string, l Layer) {
	d.Names, d.Layers = append(d.Names, name), append(d.Layers, l)
}

// List names the tensors: "name.0.weight".
func (d *ModuleDict) List() []Param {
	var params []Param
	for i, name := range d.Names {
		for _, p := range Walk(d.Layers[i]) {
			p.Name = name + "." + p.Name
			params = append(params, p)
		}
	}
	return params
}
