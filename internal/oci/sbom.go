package oci

import (
	"bytes"
	"debug/buildinfo"
	"slices"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"

	"enishi/internal/errs"
)

// SBOM gives what a program is built from, as CycloneDX 1.5 in JSON: the modules that
// the compiler noted in the file itself, and the standard library.
func SBOM(file string, s *Spec) ([]byte, error) {
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the program doesn't say what it is built from", err)
	}
	root := cyclonedx.Component{
		Type: cyclonedx.ComponentTypeApplication, BOMRef: s.Name, Name: s.Name, Version: s.Labels[LabelVersion],
	}
	parts := []cyclonedx.Component{module("std", strings.TrimPrefix(info.GoVersion, "go"), "")}
	for _, dep := range info.Deps {
		if dep.Replace != nil {
			dep = dep.Replace
		}
		parts = append(parts, module(dep.Path, dep.Version, dep.Sum))
	}
	slices.SortFunc(parts, func(a, b cyclonedx.Component) int { return strings.Compare(a.BOMRef, b.BOMRef) })
	needs := make([]string, 0, len(parts))
	for i := range parts {
		needs = append(needs, parts[i].BOMRef)
	}
	bom := cyclonedx.NewBOM() // without a serial number and a time, which differ from build to build
	bom.Metadata = &cyclonedx.Metadata{Component: &root}
	bom.Components = &parts
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: s.Name, Dependencies: &needs}}
	var out bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&out, cyclonedx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cyclonedx.SpecVersion1_5); err != nil {
		return nil, errs.Wrap(errs.Internal, "the SBOM cannot be written", err)
	}
	return out.Bytes(), nil
}

func module(path, version, sum string) cyclonedx.Component {
	url := "pkg:golang/" + path + "@" + version
	c := cyclonedx.Component{Type: cyclonedx.ComponentTypeLibrary, BOMRef: url, Name: path, Version: version, PackageURL: url}
	if sum != "" { // a hash of the module's files, not of one file: no hash that CycloneDX knows
		c.Properties = &[]cyclonedx.Property{{Name: "cdx:gomod:h1", Value: sum}}
	}
	return c
}
