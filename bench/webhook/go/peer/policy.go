package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// HealingPolicy has the members of a spec that policies use, so that decoding it costs what it costs an operator in Go.
type HealingPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              Spec `json:"spec"`
}

type Spec struct {
	Mode         string      `json:"mode,omitempty"`
	Suspend      bool        `json:"suspend,omitempty"`
	TriggerMatch string      `json:"triggerMatch,omitempty"`
	Selector     Selector    `json:"selector"`
	Triggers     []Trigger   `json:"triggers"`
	Actions      []Action    `json:"actions"`
	SafetyRules  SafetyRules `json:"safetyRules,omitempty"`
}

type Selector struct {
	Namespaces    []string              `json:"namespaces,omitempty"`
	LabelSelector *metav1.LabelSelector `json:"labelSelector,omitempty"`
	Resources     []Resource            `json:"resources,omitempty"`
}

type Resource struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Names      []string `json:"names,omitempty"`
	Exclude    []string `json:"exclude,omitempty"`
}

type Trigger struct {
	Name             string            `json:"name"`
	Type             string            `json:"type"`
	CooldownPeriod   string            `json:"cooldownPeriod,omitempty"`
	MetricTrigger    *MetricTrigger    `json:"metricTrigger,omitempty"`
	ConditionTrigger *ConditionTrigger `json:"conditionTrigger,omitempty"`
	EventTrigger     *EventTrigger     `json:"eventTrigger,omitempty"`
}

type MetricTrigger struct {
	Source    string  `json:"source,omitempty"`
	Query     string  `json:"query"`
	Operator  string  `json:"operator,omitempty"`
	Threshold float64 `json:"threshold"`
	Duration  string  `json:"duration,omitempty"`
}

type ConditionTrigger struct {
	Type     string `json:"type"`
	Status   string `json:"status,omitempty"`
	Duration string `json:"duration,omitempty"`
}

type EventTrigger struct {
	Reason  string `json:"reason"`
	Type    string `json:"type,omitempty"`
	Count   int32  `json:"count,omitempty"`
	Window  string `json:"window,omitempty"`
	Pattern string `json:"messagePattern,omitempty"`
}

type Action struct {
	Name             string         `json:"name"`
	Type             string         `json:"type"`
	Priority         int32          `json:"priority,omitempty"`
	Target           string         `json:"target,omitempty"`
	Triggers         []string       `json:"triggers,omitempty"`
	RequiresApproval bool           `json:"requiresApproval,omitempty"`
	RestartAction    *RestartAction `json:"restartAction,omitempty"`
	ScaleAction      *ScaleAction   `json:"scaleAction,omitempty"`
}

type RestartAction struct {
	Strategy           string `json:"strategy,omitempty"`
	GracePeriodSeconds int64  `json:"gracePeriodSeconds,omitempty"`
	MaxConcurrent      int32  `json:"maxConcurrent,omitempty"`
}

type ScaleAction struct {
	Direction   string `json:"direction"`
	Replicas    int32  `json:"replicas,omitempty"`
	MinReplicas int32  `json:"minReplicas,omitempty"`
	MaxReplicas int32  `json:"maxReplicas,omitempty"`
}

type SafetyRules struct {
	MaxActionsPerHour  int32              `json:"maxActionsPerHour,omitempty"`
	MaxUnhealthy       intstr.IntOrString `json:"maxUnhealthy,omitempty"`
	HealthCheckTimeout string             `json:"healthCheckTimeout,omitempty"`
	ProtectedResources []Resource         `json:"protectedResources,omitempty"`
}

// DeepCopyObject makes it a runtime.Object; nothing here copies one.
func (in *HealingPolicy) DeepCopyObject() runtime.Object {
	out := *in
	return &out
}
