package deploy

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// order is what a task is told of whoever has it run: what it does is noted in the audit log
// as theirs, and it need not ask.
type order struct{ By, Why, Deploys string }

// most bounds each, in characters: ECS takes 8,192 of a task's overrides in all.
const most = 500

// digestOf names an image without its repository, which is the environment's own.
func digestOf(image string) string { return image[strings.LastIndexByte(image, '@')+1:] }

// environment gives it as the program reads it. A program that knows none of it reads
// none.
func (o order) environment(name string) []types.KeyValuePair {
	out := []types.KeyValuePair{}
	for _, v := range []struct{ name, value string }{{"ENISHI_BY", o.By}, {"ENISHI_WHY", o.Why}, {"ENISHI_CONFIRM", name}, {"ENISHI_DEPLOYS", o.Deploys}} {
		if v.value == "" {
			continue
		}
		if text := []rune(v.value); len(text) > most {
			v.value = string(text[:most-1]) + "…"
		}
		out = append(out, types.KeyValuePair{Name: aws.String(v.name), Value: aws.String(v.value)})
	}
	return out
}
