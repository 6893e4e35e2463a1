using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace VariationalInference.Samples;

/// <summary>XML as text: an element a line, with the same line ends everywhere.</summary>
internal static class Xml
{
    /// <summary>Writes an element down, after a first line if one is given.</summary>
    public static string Text(XElement element, string firstLine = "")
    {
        var text = new StringBuilder(firstLine);
        var settings = new XmlWriterSettings { OmitXmlDeclaration = true, Indent = true, NewLineChars = "\n" };
        using (var writer = XmlWriter.Create(text, settings))
        {
            element.Save(writer);
        }

        return text.Append('\n').ToString();
    }
}
