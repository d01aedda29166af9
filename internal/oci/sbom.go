package oci

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"os"
	"slices"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"

	"enishi/internal/errs"
)

// SBOM gives what a program is built from, as CycloneDX 1.5 in JSON: the modules that
// the compiler noted in the file itself, the standard library, and the packages of npm
// that the spec's lock files name beyond those that only build or test.
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
	for _, name := range s.Locks {
		packages, err := locked(name)
		if err != nil {
			return nil, err
		}
		parts = append(parts, packages...)
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

// locked gives what a lock file of npm names that is not for development alone.
func locked(file string) ([]cyclonedx.Component, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the lock file cannot be read", err)
	}
	var lock struct {
		Packages map[string]struct {
			Version, Integrity, License string
			Dev                         bool
		}
	}
	if err := json.Unmarshal(text, &lock); err != nil || len(lock.Packages) == 0 {
		return nil, errs.Wrap(errs.Internal, file+" is no lock file of npm", err)
	}
	var out []cyclonedx.Component
	for path, p := range lock.Packages {
		_, name, inside := strings.Cut(path, "node_modules/")
		if !inside || p.Dev {
			continue
		}
		url := "pkg:npm/" + strings.ReplaceAll(name, "@", "%40") + "@" + p.Version
		c := cyclonedx.Component{Type: cyclonedx.ComponentTypeLibrary, BOMRef: url, Name: name, Version: p.Version, PackageURL: url}
		if p.License != "" {
			c.Licenses = &cyclonedx.Licenses{{Expression: p.License}}
		}
		if p.Integrity != "" { // a hash of the package's archive
			c.Properties = &[]cyclonedx.Property{{Name: "npm:integrity", Value: p.Integrity}}
		}
		out = append(out, c)
	}
	return out, nil
}
