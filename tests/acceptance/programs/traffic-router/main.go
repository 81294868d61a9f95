// Command traffic-router is a traffic router plugin of Argo Rollouts that stands in for argoproj-labs/gatewayAPI,
// whose Go module cannot be had from the module proxy. It is written against the public plugin interface of Argo
// Rollouts and does one thing: it writes the weights of the stable and the canary Service, and the label that marks a
// canary in progress, to the HTTPRoutes that the Rollout names. Routes by header, mirrors and other kinds of routes
// are refused by name.
package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/rollout/trafficrouting/plugin/rpc"
	"github.com/argoproj/argo-rollouts/utils/plugin/types"
	"github.com/hashicorp/go-plugin"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	name          = "argoproj-labs/gatewayAPI"
	inProgress    = "rollouts.argoproj.io/gatewayapi-canary"
	inProgressNow = "in-progress"
)

var routes = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}

// configuration is what a Rollout says under trafficRouting.plugins.
type configuration struct {
	Namespace  string `json:"namespace"`
	HTTPRoute  string `json:"httpRoute"`
	HTTPRoutes []struct {
		Name string `json:"name"`
	} `json:"httpRoutes"`
}

type router struct{ client dynamic.Interface }

// InitPlugin takes the cluster from KUBECONFIG, which the controller passes on.
func (r *router) InitPlugin() types.RpcError {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err == nil {
		r.client, err = dynamic.NewForConfig(config)
	}
	return asError(err)
}

func (r *router) SetWeight(rollout *v1alpha1.Rollout, weight int32, more []v1alpha1.WeightDestination) types.RpcError {
	if len(more) > 0 {
		return asError(fmt.Errorf("this stand-in knows no weights of experiments"))
	}
	var config configuration
	if err := json.Unmarshal(rollout.Spec.Strategy.Canary.TrafficRouting.Plugins[name], &config); err != nil {
		return asError(err)
	}
	found := []string{}
	if config.HTTPRoute != "" {
		found = append(found, config.HTTPRoute)
	}
	for _, route := range config.HTTPRoutes {
		found = append(found, route.Name)
	}
	if len(found) == 0 {
		return asError(fmt.Errorf("the configuration of %s names no HTTPRoute", name))
	}
	canary := rollout.Spec.Strategy.Canary
	weights := map[string]int64{canary.StableService: int64(100 - weight), canary.CanaryService: int64(weight)}
	for _, route := range found {
		if err := r.write(config.Namespace, route, weights, weight > 0); err != nil {
			return asError(fmt.Errorf("HTTPRoute %s/%s: %w", config.Namespace, route, err))
		}
	}
	return types.RpcError{}
}

// write sets the weight of each backend that weights names. Each of them has to be in the route.
func (r *router) write(namespace, route string, weights map[string]int64, running bool) error {
	client := r.client.Resource(routes).Namespace(namespace)
	object, err := client.Get(context.Background(), route, metav1.GetOptions{})
	if err != nil {
		return err
	}
	rules, _, err := unstructured.NestedSlice(object.Object, "spec", "rules")
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, rule := range rules {
		backends, _ := rule.(map[string]any)["backendRefs"].([]any)
		for _, item := range backends {
			backend := item.(map[string]any)
			service, _ := backend["name"].(string)
			if weight, ok := weights[service]; ok {
				backend["weight"] = weight
				seen[service] = true
			}
		}
	}
	for service := range weights {
		if !seen[service] {
			return fmt.Errorf("no backendRef names the Service %s", service)
		}
	}
	if err := unstructured.SetNestedSlice(object.Object, rules, "spec", "rules"); err != nil {
		return err
	}
	labels := object.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	delete(labels, inProgress)
	if running {
		labels[inProgress] = inProgressNow
	}
	object.SetLabels(labels)
	_, err = client.Update(context.Background(), object, metav1.UpdateOptions{})
	return err
}

// VerifyWeight says yes, as the real plugin does: a weight that could not be written was an error before.
func (r *router) VerifyWeight(*v1alpha1.Rollout, int32, []v1alpha1.WeightDestination) (types.RpcVerified, types.RpcError) {
	return types.Verified, types.RpcError{}
}

func (r *router) UpdateHash(*v1alpha1.Rollout, string, string, []v1alpha1.WeightDestination) types.RpcError {
	return types.RpcError{}
}

func (r *router) SetHeaderRoute(*v1alpha1.Rollout, *v1alpha1.SetHeaderRoute) types.RpcError {
	return asError(fmt.Errorf("this stand-in knows no setHeaderRoute"))
}

func (r *router) SetMirrorRoute(*v1alpha1.Rollout, *v1alpha1.SetMirrorRoute) types.RpcError {
	return asError(fmt.Errorf("this stand-in knows no setMirrorRoute"))
}

func (r *router) RemoveManagedRoutes(*v1alpha1.Rollout) types.RpcError { return types.RpcError{} }

func (r *router) Type() string { return "GatewayAPI" }

func asError(err error) types.RpcError {
	if err == nil {
		return types.RpcError{}
	}
	return types.RpcError{ErrorString: err.Error()}
}

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion: 1, MagicCookieKey: "ARGO_ROLLOUTS_RPC_PLUGIN", MagicCookieValue: "trafficrouter",
		},
		Plugins: plugin.PluginSet{"RpcTrafficRouterPlugin": &rpc.RpcTrafficRouterPlugin{Impl: &router{}}},
	})
}
