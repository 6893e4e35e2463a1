#if !NET9_0_OR_GREATER
namespace System.Runtime.CompilerServices;

/// <summary>Tells compilers which overloads to prefer. They know it by its name; frameworks have it from .NET 9 on.</summary>
/// <param name="priority">The priority; 0 is that of overloads without the attribute.</param>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Constructor | AttributeTargets.Property, Inherited = false)]
internal sealed class OverloadResolutionPriorityAttribute(int priority) : Attribute
{
    public int Priority { get; } = priority;
}
#endif
